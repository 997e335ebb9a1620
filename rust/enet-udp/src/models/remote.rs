//! [`Remote`]: the other end of a host's connections, an engine that the model drives itself.

use std::net::SocketAddr;
use std::time::Duration;

use enet_proto::{Datagrams, Event, Host, HostConfig, Packet, PeerId, Time};
use mio::{Interest, Token};

use super::socket::{RECEIVE_LEN, Socket};
use super::system::thread::yield_now;
use super::system::{Events, Instant, Poll, advance};
use crate::config::{Bind, UdpHostConfig};
use crate::event::HostEvent;
use crate::host::UdpHost;
use crate::peer::UdpPeer;

/// A clock that shows nothing near zero; see `CLOCK_START` in `shared.rs`.
const CLOCK_START: Duration = Duration::from_secs(60);
/// No wait in a model ends by itself.
pub(super) const FOR_EVER: Duration = Duration::MAX;

/// Longer than a packet is gathered and than an unanswered datagram waits for its repetition, and all of them together
/// shorter than the interval of pings.
const TICK: Duration = Duration::from_millis(5);
const TICKS: usize = 40;
const STEPS_OF_A_TICK: usize = 25;

pub(super) struct Remote {
    pub(super) engine: Host,
    socket: Socket,
    poll: Poll,
    began: Instant,
    /// Payloads received, in their order.
    pub(super) received: Vec<Vec<u8>>,
    pub(super) peer: Option<PeerId>,
    /// Datagrams received.
    pub(super) datagrams: usize,
}

impl Remote {
    pub(super) fn new() -> Self {
        let mut socket = Socket::open(Bind::Any { port: 0 }).unwrap();
        let poll = Poll::new().unwrap();
        let registry = poll.registry();
        registry
            .register(&mut socket.io, Token(0), Interest::READABLE)
            .unwrap();
        Self {
            engine: Host::new(HostConfig::new(4, [7; 32])),
            socket,
            poll,
            began: Instant::now(),
            received: Vec::new(),
            peer: None,
            datagrams: 0,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.socket.local_address().unwrap()
    }

    /// A host that is connected to a remote: the host, its peer, and the remote.
    pub(super) fn connected(threaded: bool) -> (UdpHost, UdpPeer, Self) {
        let mut remote = Self::new();
        let host = UdpHost::open(UdpHostConfig::new(2).threaded(threaded)).unwrap();
        let peer = host.connect(remote.address(), 2, 0).unwrap();
        host.flush();
        remote.pump_until(|remote| {
            if !threaded {
                host.poll();
            }
            remote.peer.is_some()
        });
        let event = host.service(FOR_EVER);
        assert!(
            matches!(event, Some(HostEvent::Connect { .. })),
            "{event:?}"
        );
        (host, peer, remote)
    }

    /// Receives and answers what is there.
    pub(super) fn pump(&mut self) {
        let mut buffer = vec![0; RECEIVE_LEN];
        while let Ok(arrival) = self.socket.receive(&mut buffer) {
            self.datagrams += 1;
            let data = &buffer[..arrival.len];
            self.engine.handle_datagram(self.now(), arrival.from, data);
        }
        self.engine.handle_timeout(self.now());
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Connect { peer, .. } => self.peer = Some(peer),
                Event::Receive { packet, .. } => self.received.push(packet.data().to_vec()),
                _ => self.peer = None,
            }
        }
        self.transmit();
    }

    /// Pumps, and waits for more, until `is_done`.
    pub(super) fn pump_until(&mut self, is_done: impl Fn(&Self) -> bool) {
        let mut events = Events::with_capacity(1);
        loop {
            self.pump();
            if is_done(self) {
                return;
            }
            self.poll.poll(&mut events, None).unwrap();
        }
    }

    /// Moves the clock on until `is_done`, by less than any timer of an engine at rest would take.
    ///
    /// In each tick the others have time to do what they are to do and go to sleep again.
    pub(super) fn tick_until(&mut self, mut is_done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..TICKS {
            for _ in 0..STEPS_OF_A_TICK {
                if is_done(self) {
                    return;
                }
                yield_now();
            }
            advance(TICK);
        }
        panic!("slept over");
    }

    /// Drops what has arrived; returns how many datagrams have come in all.
    pub(super) fn count_arrived(&mut self) -> usize {
        let mut buffer = vec![0; RECEIVE_LEN];
        while self.socket.receive(&mut buffer).is_ok() {
            self.datagrams += 1;
        }
        self.datagrams
    }

    /// Sends `payload` to the host.
    pub(super) fn send(&mut self, payload: u8) {
        let peer = self.peer.expect("connected");
        let packet = Packet::reliable(vec![payload]);
        self.engine.send(peer, 0, packet).unwrap();
        self.transmit();
    }

    fn transmit(&mut self) {
        let mut datagrams = Datagrams::default();
        while self
            .engine
            .poll_transmit_batch(self.now(), 64, &mut datagrams)
        {}
        for (to, data) in datagrams.iter() {
            self.socket.send(to, data).unwrap();
        }
    }

    fn now(&self) -> Time {
        let shown = CLOCK_START + self.began.elapsed();
        Time::from_micros(u64::try_from(shown.as_micros()).unwrap())
    }
}
