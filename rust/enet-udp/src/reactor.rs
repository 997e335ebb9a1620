//! The network thread: one for the process, from the first host that wants it to the end of the last.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use mio::Token;

use crate::batch::Batch;
use crate::port::Reception;
use crate::shared::{Attention, HostShared};
use crate::sleeper::{Sleeper, Until};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Events, Instant, Mutex, Poll, process_wide};
use crate::watch::Vigil;

/// How long a queued packet waits for others to share its datagram.
const GATHER: Duration = Duration::from_millis(1);
/// Datagrams that one host may receive before the next host has its turn.
const RECEIVE_BATCH: usize = 64;
/// Sockets whose readiness one wait can report; the others are reported by the next.
const EVENTS: usize = 128;
/// How long the thread rests when the system cannot tell which sockets are readable; it then reads them all.
const BLIND_REST: Duration = Duration::from_millis(1);

/// Wake-ups for few datagrams in one [`WAKE_WINDOW`] that are answered at once; further ones in it are gathered.
const PROMPT_WAKES: u32 = 4;
/// Datagrams received and sent by which a wake-up is worth its cost.
const WORTHWHILE: usize = 8;
const WAKE_WINDOW: Duration = Duration::from_millis(1);
/// How long the thread rests for wake-ups to gather.
const REST: Duration = Duration::from_micros(200);

process_wide! {
    /// The thread that runs, if one does. Nothing is awaited with this lock held.
    static RUNNING: Mutex<Option<Running>> = Mutex::new(None);
}

struct Running {
    reactor: Arc<Reactor>,
    thread: JoinHandle<Vec<Arc<HostShared>>>,
    /// Attachments that live.
    hosts: usize,
}

/// What the thread shares with those who give it work.
struct Reactor {
    sleeper: Arc<Sleeper>,
    /// Hosts that the thread has not taken over yet.
    newcomers: Mutex<Vec<Arc<HostShared>>>,
    stop: AtomicBool,
}

/// A host's claim to the network thread. The drop of the last one ends the thread and waits for it.
pub(crate) struct Attachment(Arc<Reactor>);

impl Attachment {
    /// A claim to the thread, which is started if there is none.
    pub(crate) fn new() -> io::Result<Self> {
        let mut running = RUNNING.lock();
        if let Some(running) = &mut *running {
            running.hosts += 1;
            return Ok(Self(Arc::clone(&running.reactor)));
        }
        let (sleeper, poll) = Sleeper::new()?;
        let reactor = Arc::new(Reactor {
            sleeper: Arc::new(sleeper),
            newcomers: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
        });
        let thread = thread::Builder::new().name("enet-network".into()).spawn({
            let reactor = Arc::clone(&reactor);
            move || Thread::new(reactor, poll).run()
        })?;
        *running = Some(Running {
            reactor: Arc::clone(&reactor),
            thread,
            hosts: 1,
        });
        Ok(Self(reactor))
    }

    /// Where the host's socket is to be registered.
    pub(crate) fn sleeper(&self) -> Arc<Sleeper> {
        Arc::clone(&self.0.sleeper)
    }

    /// Lets the thread drive `host` until it is closed.
    pub(crate) fn drive(&self, host: Arc<HostShared>) {
        let mut newcomers = self.0.newcomers.lock();
        if self.0.stop.load(Ordering::SeqCst) {
            drop(newcomers);
            host.close();
            return;
        }
        newcomers.push(host);
        drop(newcomers);
        self.0.sleeper.wake();
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let mut running = RUNNING.lock();
        let last = running.take_if(|running| {
            // After a shutdown the thread that runs now may be another one.
            let ours = Arc::ptr_eq(&running.reactor, &self.0);
            running.hosts -= usize::from(ours);
            ours && running.hosts == 0
        });
        drop(running);
        match last {
            Some(running) => running.stop(),
            // Lets the thread forget the host.
            None => self.0.sleeper.wake(),
        }
    }
}

/// Ends the thread, whatever still lives, and closes the hosts that it drove.
pub(crate) fn shutdown() {
    let running = RUNNING.lock().take();
    if let Some(running) = running {
        running.stop();
    }
}

impl Running {
    fn stop(self) {
        self.reactor.stop.store(true, Ordering::SeqCst);
        self.reactor.sleeper.wake();
        let mut hosts = self.thread.join().unwrap_or_else(|_| {
            log::error!("the network thread panicked");
            Vec::new()
        });
        hosts.append(&mut self.reactor.newcomers.lock());
        // A host that has left for a transport may be among them yet.
        for host in hosts.iter().filter(|host| !host.is_carried()) {
            host.close();
        }
        self.reactor.sleeper.dismantle();
    }
}

/// What the network thread owns.
struct Thread {
    reactor: Arc<Reactor>,
    poll: Poll,
    batch: Batch,
    seats: HashMap<Token, Seat>,
}

/// Keeps datagrams that trickle in, as those of many clients do, from waking the thread one by one. A few wake-ups in a
/// millisecond, as a player or two cause them, and those that move many datagrams, are answered at once.
#[derive(Default)]
struct Moderation {
    window: Option<Instant>,
    wakes: u32,
}

impl Moderation {
    /// Counts a wake-up at `now` that moved `datagrams`; whether to rest before the next one.
    fn is_overrun(&mut self, now: Instant, datagrams: usize) -> bool {
        if datagrams >= WORTHWHILE {
            return false;
        }
        if self
            .window
            .is_none_or(|start| now.saturating_duration_since(start) >= WAKE_WINDOW)
        {
            (self.window, self.wakes) = (Some(now), 0);
        }
        self.wakes += 1;
        self.wakes > PROMPT_WAKES
    }
}

/// A host on the thread.
struct Seat {
    host: Arc<HostShared>,
    /// Whether the socket may have something, of which the system tells only once.
    readable: bool,
    /// When the gathering ends that goes on.
    gathered: Option<Instant>,
    /// Turns in a row whose timers waited for datagrams still unread.
    postponed: u8,
    vigil: Vigil,
}

impl Thread {
    fn new(reactor: Arc<Reactor>, poll: Poll) -> Self {
        Self {
            reactor,
            poll,
            batch: Batch::new(RECEIVE_BATCH),
            seats: HashMap::new(),
        }
    }

    /// Drives hosts until told to stop; returns those that are left.
    fn run(mut self) -> Vec<Arc<HostShared>> {
        let mut events = Events::with_capacity(EVENTS);
        let mut moderation = Moderation::default();
        while !self.reactor.stop.load(Ordering::SeqCst) {
            let waited = self.reactor.sleeper.sleep(&mut self.poll, &mut events, || {
                if self.reactor.stop.load(Ordering::SeqCst)
                    || !self.reactor.newcomers.lock().is_empty()
                {
                    return Until::Now;
                }
                let now = Instant::now();
                self.seats
                    .values_mut()
                    .map(|seat| seat.until(now))
                    .min()
                    .unwrap_or(Until::Woken)
            });
            if let Err(error) = waited {
                log::error!("cannot wait for sockets: {error}");
                self.seats
                    .values_mut()
                    .for_each(|seat| seat.readable = true);
                thread::sleep(BLIND_REST);
            }
            for event in &events {
                if let Some(seat) = self.seats.get_mut(&event.token()) {
                    seat.readable = true;
                }
            }
            let datagrams = self.turns();
            if !events.is_empty() && moderation.is_overrun(Instant::now(), datagrams) {
                thread::sleep(REST);
            }
        }
        self.seats.into_values().map(|seat| seat.host).collect()
    }

    /// One turn for each host that has something to do; returns how many datagrams were received and sent.
    fn turns(&mut self) -> usize {
        for host in self.reactor.newcomers.lock().drain(..) {
            self.seats.insert(host.token(), Seat::new(host));
        }
        self.seats
            .retain(|_, seat| seat.host.is_open() && !seat.host.is_carried());
        let (now, mut datagrams) = (Instant::now(), 0);
        for seat in self.seats.values_mut() {
            let due = match seat.until(now) {
                Until::Now => true,
                Until::Moment(moment) => moment <= now,
                Until::Woken => false,
            };
            if due {
                datagrams += seat.turn(&mut self.batch);
            }
        }
        datagrams
    }
}

impl Seat {
    fn new(host: Arc<HostShared>) -> Self {
        // The socket may have become readable before the thread knew the host.
        Self {
            host,
            readable: true,
            gathered: None,
            postponed: 0,
            vigil: Vigil::default(),
        }
    }

    /// When the host wants its next turn, as seen at `now`.
    fn until(&mut self, now: Instant) -> Until {
        if !self.host.is_started() || self.host.is_carried() {
            return Until::Woken;
        }
        let transmission = match self.host.attention() {
            Attention::Now => return Until::Now,
            Attention::Gather => Until::Moment(*self.gathered.get_or_insert(now + GATHER)),
            Attention::None => {
                // Somebody else sent what was gathered.
                self.gathered = None;
                Until::Woken
            }
        };
        if self.readable {
            return Until::Now;
        }
        let timer = self.host.deadline().map_or(Until::Woken, Until::Moment);
        let look = self.vigil.until(&self.host.watch, now);
        transmission.min(timer).min(look)
    }

    /// Takes a turn; returns how many datagrams were received and sent.
    fn turn(&mut self, batch: &mut Batch) -> usize {
        self.gathered = None;
        self.vigil.look(&self.host, Instant::now());
        let (host, readable, postponed) = (&self.host, self.readable, &mut self.postponed);
        let turn = catch_unwind(AssertUnwindSafe(|| host.turn(batch, readable, postponed)));
        match turn {
            Ok(report) => {
                self.readable = report.reception == Reception::More;
                if report.reception == Reception::Dead {
                    host.fail();
                }
                report.datagrams
            }
            Err(_) => {
                log::error!("the engine of a host panicked; the host is closed");
                // What the panic left behind may panic again when it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| host.fail()));
                0
            }
        }
    }
}

#[cfg(all(test, not(feature = "models")))]
mod tests {
    use super::*;

    #[test]
    fn a_few_wakes_in_a_millisecond_are_prompt_and_those_beyond_wait() {
        let (mut moderation, start) = (Moderation::default(), Instant::now());
        let prompt = |moderation: &mut Moderation, from: Instant| {
            (0..8)
                .take_while(|&wake| {
                    !moderation.is_overrun(from + Duration::from_micros(wake * 10), 2)
                })
                .count()
        };
        assert_eq!(prompt(&mut moderation, start), 4);
        assert_eq!(prompt(&mut moderation, start + WAKE_WINDOW / 2), 0);
        assert_eq!(prompt(&mut moderation, start + WAKE_WINDOW), 4);
        let calm = (10..99).all(|wake| !moderation.is_overrun(start + WAKE_WINDOW * wake, 2));
        assert!(calm, "a wake-up each millisecond");
        let busy = (0..99).all(|_| !moderation.is_overrun(start + WAKE_WINDOW * 100, WORTHWHILE));
        assert!(busy, "wake-ups that are worth it");
    }
}
