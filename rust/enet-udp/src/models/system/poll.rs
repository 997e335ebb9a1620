//! mio's poll, waker and socket, for a network in memory.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mio::{Interest, Token};
use shuttle::sync::mpsc::Sender;

use super::Instant;
use super::clock::Wait;

/// As [`mio::Poll`], edge-triggered.
pub(crate) struct Poll {
    registry: Registry,
}

/// As [`mio::Registry`].
pub(crate) struct Registry(Arc<Mutex<Selector>>);

/// As [`mio::Waker`].
pub(crate) struct Waker {
    selector: Arc<Mutex<Selector>>,
    token: Token,
}

/// As [`mio::Events`].
pub(crate) struct Events {
    capacity: usize,
    tokens: Vec<Event>,
}

/// As [`mio::event::Event`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event(Token);

impl Event {
    pub(crate) const fn token(&self) -> Token {
        self.0
    }
}

#[derive(Default)]
struct Selector {
    ready: BTreeSet<Token>,
    sleeper: Option<Sender<()>>,
}

impl Poll {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            registry: Registry(Arc::default()),
        })
    }

    pub(crate) const fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn poll(
        &mut self,
        events: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        step();
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let selector = &self.registry.0;
        events.tokens.clear();
        loop {
            let wait = Wait::new();
            {
                let mut selector = held(selector);
                while events.tokens.len() < events.capacity
                    && let Some(token) = selector.ready.pop_first()
                {
                    events.tokens.push(Event(token));
                }
                selector.sleeper = Some(wait.end());
            }
            if !events.tokens.is_empty() || wait.until(deadline) {
                held(selector).sleeper = None;
                return Ok(());
            }
        }
    }
}

impl Registry {
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(Arc::clone(&self.0)))
    }

    pub(crate) fn register(
        &self,
        socket: &mut UdpSocket,
        token: Token,
        _: Interest,
    ) -> io::Result<()> {
        step();
        let mut inlet = held(&socket.inlet);
        inlet.watcher = Some((Arc::clone(&self.0), token));
        let tell = !inlet.arrived.is_empty();
        drop(inlet);
        if tell {
            report(&self.0, token);
        }
        Ok(())
    }

    pub(crate) fn deregister(&self, socket: &mut UdpSocket) -> io::Result<()> {
        held(&socket.inlet).watcher = None;
        Ok(())
    }
}

impl Waker {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            selector: Arc::clone(&registry.0),
            token,
        })
    }

    pub(crate) fn wake(&self) -> io::Result<()> {
        step();
        report(&self.selector, self.token);
        Ok(())
    }
}

impl Events {
    pub(crate) const fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity,
            tokens: Vec::new(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.tokens.iter()
    }
}

/// What can be registered: the receiving end of a socket.
#[derive(Clone, Default)]
pub(crate) struct UdpSocket {
    inlet: Arc<Mutex<Inlet>>,
}

#[derive(Default)]
struct Inlet {
    arrived: VecDeque<(SocketAddr, Vec<u8>)>,
    watcher: Option<(Arc<Mutex<Selector>>, Token)>,
}

impl UdpSocket {
    /// Puts a datagram where [`Self::take`] finds it.
    pub(in crate::models) fn put(&self, from: SocketAddr, data: &[u8]) {
        let mut inlet = held(&self.inlet);
        inlet.arrived.push_back((from, data.to_vec()));
        let watcher = inlet.watcher.clone();
        drop(inlet);
        if let Some((selector, token)) = watcher {
            report(&selector, token);
        }
    }

    pub(in crate::models) fn take(&self) -> Option<(SocketAddr, Vec<u8>)> {
        held(&self.inlet).arrived.pop_front()
    }
}

/// Where a call of the system may let others run first.
pub(in crate::models) fn step() {
    shuttle::thread::sleep(Duration::ZERO);
}

fn report(selector: &Mutex<Selector>, token: Token) {
    let mut selector = held(selector);
    selector.ready.insert(token);
    let sleeper = selector.sleeper.take();
    drop(selector);
    if let Some(sleeper) = sleeper {
        // It may have gone on by its deadline.
        let _ = sleeper.send(());
    }
}

/// Never contended: an execution has one thread of the system.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic in here")
}
