//! [`Carrier`]: a host's [`Transport`] and the datagrams between it and the port.
//!
//! The port works with its lock and the engine's held, where nothing foreign may run. So it meets the transport by two
//! queues, and the transport is called afterwards, by whoever put something into them, with no lock that is waited for:
//! a thread that finds the transport at work leaves the queue to the thread that works.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use enet_proto::PeerId;

use crate::socket::{RECEIVE_LEN, Socket};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::transport::Transport;

/// Datagrams received and not handled yet at which no more are asked for.
const RECEIVED_LIMIT: usize = 256;
/// How often a call looks again for what others queued meanwhile. Code that sends whenever the transport sends must not
/// keep the call for ever; what is left waits for the next one.
const ROUNDS: usize = 8;

/// A datagram with the address it came from or goes to.
type Datagram = (SocketAddr, Vec<u8>);

pub(crate) struct Carrier {
    /// Only ever tried, never waited for. `None` once closed.
    transport: Mutex<Option<Box<dyn Transport>>>,
    /// Locked for a few instructions, after all other locks.
    queues: Mutex<Queues>,
    closed: AtomicBool,
    broken: AtomicBool,
    /// Whether the socket that was there before could reach IPv4 and IPv6 addresses.
    reach: [bool; 2],
}

#[derive(Default)]
struct Queues {
    outgoing: VecDeque<Datagram>,
    received: VecDeque<Datagram>,
    local_address: Option<SocketAddr>,
}

/// Which addresses a socket reaches, for the [`Carrier`] that takes its place.
pub(crate) fn reach(socket: &Socket) -> [bool; 2] {
    [
        socket.reaches(std::net::Ipv4Addr::UNSPECIFIED.into()),
        socket.reaches(std::net::Ipv6Addr::UNSPECIFIED.into()),
    ]
}

impl Carrier {
    pub(crate) fn new(transport: Box<dyn Transport>, reach: [bool; 2]) -> Self {
        let queues = Queues {
            local_address: transport.local_address(),
            ..Queues::default()
        };
        Self {
            transport: Mutex::new(Some(transport)),
            queues: Mutex::new(queues),
            closed: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            reach,
        }
    }

    /// Queues one datagram; [`Self::send_queued`] or [`Self::exchange`] sends it.
    pub(crate) fn queue(&self, to: SocketAddr, data: &[u8]) {
        self.queues.lock().outgoing.push_back((to, data.to_vec()));
    }

    /// The next datagram that was received.
    pub(crate) fn next_received(&self) -> Option<Datagram> {
        self.queues.lock().received.pop_front()
    }

    /// Sends what is queued. The caller holds no lock.
    pub(crate) fn send_queued(&self) {
        self.work(|transport| self.send_all(transport));
    }

    /// Tells the transport who the peers are, sends what is queued, and receives. The caller holds no lock, and `peers` may
    /// take the engine's.
    pub(crate) fn exchange(&self, peers: impl Fn() -> HashMap<PeerId, SocketAddr>) {
        let mut has_received = false;
        self.work(|transport| {
            if std::mem::replace(&mut has_received, true) {
                return self.send_all(transport);
            }
            transport.keep_only(&peers());
            self.send_all(transport);
            self.receive(transport);
            self.broken.store(transport.is_broken(), Ordering::Release);
            self.queues.lock().local_address = transport.local_address();
        });
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.queues.lock().local_address
    }

    pub(crate) const fn reaches(&self, address: IpAddr) -> bool {
        self.reach[address.is_ipv6() as usize]
    }

    /// Sends what is queued and closes the transport; if this is called from inside it, when it returns. The caller
    /// holds no lock.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.work(|transport| self.send_all(transport));
    }

    fn receive(&self, transport: &mut dyn Transport) {
        let room = RECEIVED_LIMIT.saturating_sub(self.queues.lock().received.len());
        if room == 0 {
            return;
        }
        transport.receive(room, &mut |from, data| {
            // What is too long is cut, for the engine to judge and count as it does with what sockets receive.
            let datagram = (from, data[..data.len().min(RECEIVE_LEN)].to_vec());
            self.queues.lock().received.push_back(datagram);
        });
    }

    /// Lets `act` send what is queued, unless the transport is at work: then the thread that works sends it.
    fn work(&self, mut act: impl FnMut(&mut dyn Transport)) {
        for _ in 0..ROUNDS {
            let Some(mut guard) = self.transport.try_lock() else {
                return;
            };
            if let Some(transport) = guard.as_deref_mut() {
                act(transport);
            }
            let ended = if self.closed.load(Ordering::SeqCst) {
                guard.take()
            } else {
                None
            };
            let is_gone = guard.is_none();
            drop(guard);
            // Its drop may run foreign code, which may call us.
            drop(ended);
            // Who came while the transport was at work has queued before the lock was free again.
            if is_gone || !self.has_work() {
                return;
            }
        }
    }

    fn send_all(&self, transport: &mut dyn Transport) {
        let count = self.queues.lock().outgoing.len();
        for _ in 0..count {
            let next = self.queues.lock().outgoing.pop_front();
            if let Some((to, data)) = next {
                transport.send(to, &data);
            }
        }
    }

    fn has_work(&self) -> bool {
        self.closed.load(Ordering::SeqCst) || !self.queues.lock().outgoing.is_empty()
    }
}
