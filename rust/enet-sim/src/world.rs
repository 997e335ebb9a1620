//! [`World`]: hosts, each with a clock of its own, and the network between them, in virtual time.
//!
//! Time stands still while code runs and jumps to the next arrival or timer in [`World::run_until`].

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use enet_netsim::{LinkStatistics, Network};
use enet_proto::{Event, Host, HostConfig, PeerId, Time};

use crate::ledger::{Ledger, Life};

/// Rounds of delivering and answering that one instant may take; every link has a delay, so more is a livelock.
const MOST_ROUNDS_PER_INSTANT: u32 = 100;
/// Datagrams that one host may write in one turn.
const MOST_DATAGRAMS_PER_TURN: u32 = 100_000;
/// Datagrams that wait in the socket of a host that is not serviced; about what a socket buffer of Linux's default size
/// holds of small ones.
const SOCKET_LEN: usize = 256;

/// Datagrams and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
}

impl Count {
    fn add(&mut self, datagrams: u64, bytes: u64) {
        self.datagrams += datagrams;
        self.bytes += bytes;
    }
}

/// A place for a host.
pub(crate) struct Node {
    /// `None` while it is down.
    pub(crate) host: Option<Host>,
    /// How often it was started.
    pub(crate) life: u32,
    pub(crate) address: SocketAddr,
    /// What the host's clock reads when the world's reads 0.
    clock_start: Time,
    /// Whether nobody services the host, as when its process hangs.
    pub(crate) hangs: bool,
    /// Whether the game takes no events, while the host goes on.
    pub(crate) is_unread: bool,
    /// Events that the game has not taken: their peer and bytes.
    untaken: Vec<(PeerId, usize)>,
    socket: VecDeque<(SocketAddr, Vec<u8>)>,
    /// What hosts that are gone had counted.
    sent_before: Count,
    received_before: Count,
    /// What reached the address and no host.
    unheard: Count,
    /// Whether something happened that the host has not been serviced for.
    is_dirty: bool,
}

impl Node {
    fn clock(&self, now_micros: u64) -> Time {
        self.clock_start + Duration::from_micros(now_micros)
    }

    /// The moment of the host's next timer, on the world's clock.
    fn next_timer(&self) -> Option<u64> {
        let due = self.host.as_ref().filter(|_| !self.hangs)?.poll_timeout()?;
        Some(due.as_micros().saturating_sub(self.clock_start.as_micros()))
    }

    /// Takes all events that the game has left lying.
    fn take_events(&mut self) {
        if let Some(host) = &mut self.host {
            for (peer, bytes) in self.untaken.drain(..) {
                host.release(peer, 1, bytes);
            }
        }
        self.is_dirty = true;
    }
}

/// The nodes and what lies between them.
pub(crate) struct World {
    pub(crate) network: Network,
    pub(crate) nodes: Vec<Node>,
    at: HashMap<SocketAddr, usize>,
    pub(crate) now_micros: u64,
}

impl World {
    pub(crate) fn new(network: Network) -> Self {
        Self {
            network,
            nodes: Vec::new(),
            at: HashMap::new(),
            now_micros: 0,
        }
    }

    /// Adds a node that is down, and has no address before its first start.
    pub(crate) fn add_node(&mut self, clock_start: Time) {
        self.nodes.push(Node {
            host: None,
            life: 0,
            address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            clock_start,
            hangs: false,
            is_unread: false,
            untaken: Vec::new(),
            socket: VecDeque::new(),
            sent_before: Count::default(),
            received_before: Count::default(),
            unheard: Count::default(),
            is_dirty: false,
        });
    }

    /// Starts a host on a node, at `address` from now on.
    pub(crate) fn start(&mut self, node: usize, address: SocketAddr, config: HostConfig) {
        self.at.insert(address, node);
        let node = &mut self.nodes[node];
        node.address = address;
        node.host = Some(Host::new(config));
        node.life += 1;
        (node.hangs, node.is_unread) = (false, false);
    }

    /// Ends a node's host without a word.
    pub(crate) fn stop(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        let Some(host) = node.host.take() else {
            return;
        };
        let counted = host.statistics();
        node.sent_before
            .add(counted.datagrams_sent, counted.bytes_sent);
        node.received_before
            .add(counted.datagrams_received, counted.bytes_received);
        for (_, data) in node.socket.drain(..) {
            node.unheard.add(1, data.len() as u64);
        }
        node.untaken.clear();
    }

    /// The host that runs on a node now.
    pub(crate) fn life(&self, node: usize) -> Life {
        (node, self.nodes[node].life)
    }

    /// A node's host, if it is up; it will be serviced before time moves.
    pub(crate) fn host(&mut self, node: usize) -> Option<&mut Host> {
        let node = &mut self.nodes[node];
        node.is_dirty = true;
        node.host.as_mut()
    }

    /// Lets a node's process hang, or go on.
    pub(crate) fn set_hanging(&mut self, node: usize, hangs: bool) {
        self.nodes[node].hangs = hangs;
        self.nodes[node].is_dirty = true;
    }

    /// Lets a node's game take no events, or all that wait.
    pub(crate) fn set_unread(&mut self, node: usize, is_unread: bool) {
        let node = &mut self.nodes[node];
        node.is_unread = is_unread;
        if !is_unread {
            node.take_events();
        }
    }

    /// Moves time to `end_micros`, stopping at every arrival and timer on the way, and holds every event against
    /// `ledger`.
    ///
    /// # Panics
    /// If time stands still.
    pub(crate) fn run_until(&mut self, end_micros: u64, ledger: &mut Ledger) {
        loop {
            self.settle(ledger);
            let timers = self.nodes.iter().filter_map(Node::next_timer);
            let next = timers.chain(self.network.next_arrival()).min();
            let next = next.unwrap_or(u64::MAX);
            assert!(next > self.now_micros, "a timer that is due stays due");
            if next > end_micros {
                self.now_micros = self.now_micros.max(end_micros);
                return;
            }
            self.now_micros = next;
        }
    }

    /// Delivers, fires and sends until nothing more happens at this instant.
    pub(crate) fn settle(&mut self, ledger: &mut Ledger) {
        for _ in 0..MOST_ROUNDS_PER_INSTANT {
            let mut busy = self.deliver();
            for index in 0..self.nodes.len() {
                let node = &self.nodes[index];
                let is_due = node.next_timer().is_some_and(|due| due <= self.now_micros);
                if (node.is_dirty || is_due) && !node.hangs {
                    busy = true;
                    self.service(index, ledger);
                }
            }
            if !busy {
                return;
            }
        }
        panic!("livelock: {} us never ends", self.now_micros);
    }

    /// Hands over what has arrived; whether anything had.
    fn deliver(&mut self) -> bool {
        let mut busy = false;
        while let Some(datagram) = self.network.receive(self.now_micros) {
            busy = true;
            let node = &mut self.nodes[self.at[&datagram.to]];
            let len = datagram.data.len() as u64;
            if node.host.is_none() || node.address != datagram.to || node.socket.len() >= SOCKET_LEN
            {
                node.unheard.add(1, len);
                continue;
            }
            node.socket.push_back((datagram.from, datagram.data));
            node.is_dirty = true;
        }
        busy
    }

    /// One turn of a driver's loop.
    fn service(&mut self, index: usize, ledger: &mut Ledger) {
        let node = &mut self.nodes[index];
        node.is_dirty = false;
        let now = node.clock(self.now_micros);
        let life = (index, node.life);
        let Some(host) = &mut node.host else {
            return;
        };
        for (from, data) in node.socket.drain(..) {
            host.handle_datagram(now, from, &data);
        }
        host.handle_timeout(now);
        let mut data = Vec::new();
        let mut datagrams = 0;
        while let Some(transmit) = host.poll_transmit(now, &mut data) {
            datagrams += 1;
            assert!(
                datagrams <= MOST_DATAGRAMS_PER_TURN,
                "livelock: the datagrams of one turn never end"
            );
            self.network
                .send(self.now_micros, node.address, transmit.to, &data);
        }
        assert!(
            host.poll_timeout().is_none_or(|due| due > now),
            "a timer stays due after a turn"
        );
        while let Some(event) = host.poll_event() {
            ledger.event(life, &event);
            let (peer, bytes) = match &event {
                Event::Receive { peer, packet, .. } => (*peer, packet.len()),
                Event::Connect { peer, .. } | Event::Disconnect { peer, .. } => (*peer, 0),
                other => panic!("an event without meaning here: {other:?}"),
            };
            node.untaken.push((peer, bytes));
            node.is_dirty = true;
        }
        if !node.is_unread && !node.untaken.is_empty() {
            node.take_events();
        }
    }

    /// The hosts counted what the network carried.
    ///
    /// # Panics
    /// If they did not, or something is still under way.
    pub(crate) fn check_counters(&self) {
        let carried = self.network.statistics();
        let [mut sent, mut received] = [Count::default(); 2];
        for node in &self.nodes {
            let counted = node.host.as_ref().map(Host::statistics).unwrap_or_default();
            sent.add(counted.datagrams_sent, counted.bytes_sent);
            received.add(counted.datagrams_received, counted.bytes_received);
            sent.add(node.sent_before.datagrams, node.sent_before.bytes);
            for part in [node.received_before, node.unheard] {
                received.add(part.datagrams, part.bytes);
            }
        }
        let [out, arrived] = counts(&carried);
        assert_eq!(sent, out, "the hosts sent what the network was given");
        assert_eq!(
            received, arrived,
            "the hosts received what the network delivered"
        );
        assert_eq!(carried.in_flight(), 0, "something is still under way");
    }
}

fn counts(carried: &LinkStatistics) -> [Count; 2] {
    [
        Count {
            datagrams: carried.sent,
            bytes: carried.bytes_sent,
        },
        Count {
            datagrams: carried.delivered,
            bytes: carried.bytes_delivered,
        },
    ]
}
