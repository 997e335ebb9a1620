//! Hosts over a simulated network in virtual time: [`Pair`] (a client and a server) and [`Net`] (a server and several
//! clients).
//!
//! Time stands still while code runs and jumps to the next arrival or timer in [`run_for`](Pair::run_for) and
//! [`run_until_idle`](Pair::run_until_idle); nothing here sleeps. Each [`Node`] keeps all its events, in order.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use enet_netsim::{Datagram, Link, LinkConfig, LinkStatistics, Network};

use super::plain::Plain;
use crate::{
    DisconnectCause, Event, Host, HostConfig, Packet, PacketFlags, PeerId, PeerState,
    PeerStatistics, Time,
};

/// Rounds of delivering and answering that one instant may take; every link has a delay, so more is a livelock.
const MOST_ROUNDS_PER_INSTANT: u32 = 100;
/// Virtual time after which a network that is still busy never will be idle.
const MOST_TIME_TO_IDLE: Duration = Duration::from_secs(1000);

pub(super) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A host's configuration with a seed of its own.
pub(super) fn config(peers: usize, seed: u64) -> HostConfig {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    HostConfig::new(peers, bytes)
}

/// A host, its address, its clock and what it reported.
pub(super) struct Node {
    pub(super) host: Host,
    pub(super) address: SocketAddr,
    /// The peer that [`Net::connect`] or the last Connect event named.
    pub(super) last_peer: Option<PeerId>,
    pub(super) events: Vec<Event>,
    /// What the host's clock reads when the network's reads 0.
    clock_start: Time,
}

impl Node {
    pub(super) fn new(number: u16, config: HostConfig, clock_start: Time) -> Self {
        let address = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 9000 + number));
        Self {
            host: Host::new(config),
            address,
            last_peer: None,
            events: Vec::new(),
            clock_start,
        }
    }

    pub(super) fn peer(&self) -> PeerId {
        self.last_peer
            .expect("a connection was made or accepted before")
    }

    pub(super) fn state(&self) -> PeerState {
        self.last_peer
            .map_or(PeerState::Disconnected, |peer| self.host.state(peer))
    }

    pub(super) fn statistics(&self) -> PeerStatistics {
        self.host
            .peer_statistics(self.peer())
            .expect("the peer is there")
    }

    /// Sends to the last peer; a refusal fails the test.
    pub(super) fn send(&mut self, channel_id: u8, packet: Packet) {
        self.host
            .send(self.peer(), channel_id, packet)
            .expect("the packet is accepted");
    }

    /// The payloads received so far.
    pub(super) fn received(&self) -> Vec<&[u8]> {
        self.packets()
            .map(|(_, packet)| &packet.data()[..])
            .collect()
    }

    /// The flags the packets received so far travelled by.
    pub(super) fn received_flags(&self) -> Vec<PacketFlags> {
        self.packets().map(|(_, packet)| packet.flags()).collect()
    }

    /// Channel and packet of each Receive event so far.
    pub(super) fn packets(&self) -> impl Iterator<Item = (u8, &Packet)> {
        self.events.iter().filter_map(|event| match event {
            Event::Receive {
                channel_id, packet, ..
            } => Some((*channel_id, packet)),
            _ => None,
        })
    }

    /// The user data of each Connect event so far.
    pub(super) fn connects(&self) -> Vec<u32> {
        let data = |event: &Event| {
            if let Event::Connect { data, .. } = event {
                Some(*data)
            } else {
                None
            }
        };
        self.events.iter().filter_map(data).collect()
    }

    /// User data and cause of each Disconnect event so far.
    pub(super) fn disconnects(&self) -> Vec<(u32, DisconnectCause)> {
        let parts = |event: &Event| match event {
            Event::Disconnect { data, cause, .. } => Some((*data, *cause)),
            _ => None,
        };
        self.events.iter().filter_map(parts).collect()
    }

    fn clock(&self, now_micros: u64) -> Time {
        self.clock_start + Duration::from_micros(now_micros)
    }

    /// The moment of the host's next timer, on the network's clock.
    fn next_timer(&self) -> Option<u64> {
        let due = self.host.poll_timeout()?;
        Some(due.as_micros().saturating_sub(self.clock_start.as_micros()))
    }
}

/// The network and its clock; moves datagrams and time for a set of nodes.
pub(super) struct Wire {
    network: Network,
    now_micros: u64,
    /// Largest datagram that is carried in one piece; larger ones are fragmented, unless they are probes.
    whole_bytes: usize,
    /// Every datagram sent, lost ones included, while set.
    recording: Option<Vec<Datagram>>,
}

impl Wire {
    fn new(seed: u64, link: LinkConfig) -> Self {
        Self {
            network: Network::new(seed, link),
            now_micros: 0,
            whole_bytes: usize::MAX,
            recording: None,
        }
    }

    /// Delivers, fires and sends until nothing more happens at this instant.
    fn settle(&mut self, nodes: &mut [&mut Node]) {
        for _ in 0..MOST_ROUNDS_PER_INSTANT {
            let mut busy = false;
            while let Some(datagram) = self.network.receive(self.now_micros) {
                busy = true;
                // A datagram to an address without a node is lost, as one to a closed port is.
                if let Some(node) = nodes.iter_mut().find(|node| node.address == datagram.to) {
                    let now = node.clock(self.now_micros);
                    node.host
                        .handle_datagram(now, datagram.from, &datagram.data);
                }
            }
            for node in &mut *nodes {
                busy |= self.service(node);
            }
            if !busy {
                return;
            }
        }
        panic!("livelock: {} us never ends", self.now_micros);
    }

    /// One turn of the loop on the crate page; whether anything happened.
    fn service(&mut self, node: &mut Node) -> bool {
        let now = node.clock(self.now_micros);
        let mut busy = false;
        if node.host.poll_timeout().is_some_and(|due| due <= now) {
            busy = true;
            node.host.handle_timeout(now);
        }
        let mut data = Vec::new();
        while let Some(transmit) = node.host.poll_transmit(now, &mut data) {
            busy = true;
            if !transmit.is_probe || data.len() <= self.whole_bytes {
                self.network
                    .send(self.now_micros, node.address, transmit.to, &data);
            }
            if let Some(recording) = &mut self.recording {
                let data = data.clone();
                let (from, to) = (node.address, transmit.to);
                recording.push(Datagram {
                    arrival_micros: self.now_micros,
                    from,
                    to,
                    data,
                });
            }
        }
        while let Some(event) = node.host.poll_event() {
            busy = true;
            if let Event::Connect { peer, .. } = event {
                node.last_peer = Some(peer);
            }
            node.events.push(event);
        }
        busy
    }

    fn next_wake_up(&self, nodes: &[&mut Node]) -> Option<u64> {
        nodes
            .iter()
            .filter_map(|node| node.next_timer())
            .chain(self.network.next_arrival())
            .min()
    }

    /// Moves time to `end_micros`, stopping at every arrival and timer on the way; or to the first instant at which
    /// `done` holds after everything settled.
    fn run(
        &mut self,
        nodes: &mut [&mut Node],
        end_micros: u64,
        done: impl Fn(&[&mut Node]) -> bool,
    ) {
        loop {
            self.settle(nodes);
            if done(nodes) && self.network.next_arrival().is_none() {
                return;
            }
            let next = self.next_wake_up(nodes).unwrap_or(u64::MAX);
            assert!(next > self.now_micros, "a timer that is due stays due");
            if next > end_micros {
                self.now_micros = end_micros;
                return;
            }
            self.now_micros = next;
        }
    }

    fn run_for(&mut self, nodes: &mut [&mut Node], span: Duration) {
        self.run(nodes, self.after(span), |_| false);
    }

    fn run_until_idle(&mut self, nodes: &mut [&mut Node]) {
        let deadline = self.after(MOST_TIME_TO_IDLE);
        self.run(nodes, deadline, |nodes| {
            nodes.iter().all(|node| node.host.is_idle())
        });
        assert!(
            self.now_micros < deadline,
            "still busy after {MOST_TIME_TO_IDLE:?}"
        );
    }

    fn after(&self, span: Duration) -> u64 {
        self.now_micros + u64::try_from(span.as_micros()).expect("a test's time fits u64")
    }
}

/// How a [`Pair`] or [`Net`] is made; the setters chain.
pub(super) struct Setup {
    seed: u64,
    link: LinkConfig,
    channel_count: usize,
    client: HostConfig,
    server: HostConfig,
    clock_start: Time,
    plain: bool,
}

impl Setup {
    /// Links of 10 ms without loss, 2 channels, a client with 1 slot, a server with 8, clocks at 1 s.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            link: LinkConfig::default().delay(millis(10)),
            channel_count: 2,
            client: config(1, seed),
            server: config(8, !seed),
            clock_start: Time::from_millis(1000),
            plain: false,
        }
    }

    /// With [`Plain`] choices: the first client is slot and label 0, session 0, and counts from 1.
    pub(super) fn plain(seed: u64) -> Self {
        Self {
            plain: true,
            ..Self::new(seed)
        }
    }

    pub(super) fn link(mut self, link: impl FnOnce(LinkConfig) -> LinkConfig) -> Self {
        self.link = link(self.link);
        self
    }

    pub(super) fn channels(mut self, channel_count: usize) -> Self {
        self.channel_count = channel_count;
        self
    }

    pub(super) fn client(mut self, change: impl FnOnce(HostConfig) -> HostConfig) -> Self {
        self.client = change(self.client);
        self
    }

    pub(super) fn server(mut self, change: impl FnOnce(HostConfig) -> HostConfig) -> Self {
        self.server = change(self.server);
        self
    }

    pub(super) fn both(self, change: impl Fn(HostConfig) -> HostConfig) -> Self {
        self.client(&change).server(&change)
    }

    /// What all clocks read at the start.
    pub(super) fn clock(mut self, start: Time) -> Self {
        self.clock_start = start;
        self
    }

    /// A server and a client that know nothing of each other yet.
    pub(super) fn pair(self) -> Pair {
        let mut client = Node::new(1, self.client, self.clock_start);
        let mut server = Node::new(0, self.server, self.clock_start);
        if self.plain {
            for node in [&mut client, &mut server] {
                node.host.set_choices(Plain::new(Vec::new()));
            }
        }
        Pair {
            client,
            server,
            wire: Wire::new(self.seed, self.link),
            channel_count: self.channel_count,
        }
    }

    /// A pair with an idle connection, made with user data 7.
    pub(super) fn connected(self) -> Pair {
        let mut pair = self.pair();
        pair.connect(7);
        pair.run_until_idle();
        assert_eq!(
            (pair.client.connects(), pair.server.connects()),
            (vec![0], vec![7])
        );
        pair
    }

    /// A server and `count` clients, not connected. Each client has a seed of its own; of the client's settings they
    /// have the strategy of recovery.
    pub(super) fn net(self, count: u16) -> Net {
        let client = |number| {
            let recovery = self.client.recovery;
            let config = config(1, self.seed ^ (u64::from(number) << 32)).recovery(recovery);
            Node::new(number, config, self.clock_start)
        };
        let mut clients: Vec<Node> = (1..=count).map(client).collect();
        let mut server = Node::new(0, self.server, self.clock_start);
        if self.plain {
            for node in clients.iter_mut().chain([&mut server]) {
                node.host.set_choices(Plain::new(Vec::new()));
            }
        }
        Net {
            clients,
            server,
            wire: Wire::new(self.seed, self.link),
            channel_count: self.channel_count,
        }
    }
}

/// A client and a server.
pub(super) struct Pair {
    pub(super) client: Node,
    pub(super) server: Node,
    wire: Wire,
    channel_count: usize,
}

impl Pair {
    /// [`Setup::plain`], connected.
    pub(super) fn plain(seed: u64) -> Self {
        Setup::plain(seed).connected()
    }

    /// [`Setup::connected`] with the defaults.
    pub(super) fn connected(seed: u64) -> Self {
        Setup::new(seed).connected()
    }

    /// Starts a connection from the client; it needs [`run_for`](Self::run_for) to come about.
    pub(super) fn connect(&mut self, data: u32) {
        let peer = self
            .client
            .host
            .connect(self.server.address, self.channel_count, data);
        self.client.last_peer = Some(peer.expect("a slot is free"));
    }

    /// Moves time by `span`.
    pub(super) fn run_for(&mut self, span: Duration) {
        self.wire
            .run_for(&mut [&mut self.client, &mut self.server], span);
    }

    /// Moves time until nothing is under way, queued or unacknowledged.
    pub(super) fn run_until_idle(&mut self) {
        self.wire
            .run_until_idle(&mut [&mut self.client, &mut self.server]);
    }

    /// Lets both hosts do what they can without moving time.
    pub(super) fn settle(&mut self) {
        self.run_for(Duration::ZERO);
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_micros(self.wire.now_micros)
    }

    /// What both hosts' clocks read.
    pub(super) fn now(&self) -> Time {
        self.client.clock(self.wire.now_micros)
    }

    /// Changes both directions.
    pub(super) fn set_link(&mut self, change: impl FnOnce(LinkConfig) -> LinkConfig) {
        let link = self.link_to_server().config();
        self.wire.network.set_config(change(link));
    }

    pub(super) fn link_to_server(&mut self) -> &mut Link {
        self.wire
            .network
            .link(self.client.address, self.server.address)
    }

    pub(super) fn link_to_client(&mut self) -> &mut Link {
        self.wire
            .network
            .link(self.server.address, self.client.address)
    }

    /// Cuts or restores both directions.
    pub(super) fn set_down(&mut self, down: bool) {
        self.link_to_server().set_down(down);
        self.link_to_client().set_down(down);
    }

    /// From now on the path carries what is larger than `bytes` in fragments, and drops it if it must not.
    pub(super) fn fragment_above(&mut self, bytes: usize) {
        self.wire.whole_bytes = bytes;
    }

    /// Hands `data` to the server as if it came from `from`, and lets it answer.
    pub(super) fn inject(&mut self, from: SocketAddr, data: &[u8]) {
        let now = self.server.clock(self.wire.now_micros);
        self.server.host.handle_datagram(now, from, data);
        self.settle();
    }

    /// Hands `data` to the client as if the server had sent it, and lets it answer.
    pub(super) fn inject_to_client(&mut self, data: &[u8]) {
        let now = self.client.clock(self.wire.now_micros);
        self.client
            .host
            .handle_datagram(now, self.server.address, data);
        self.settle();
    }

    /// Starts to keep all datagrams sent; returns those kept so far.
    pub(super) fn record(&mut self) -> Vec<Datagram> {
        self.wire.recording.replace(Vec::new()).unwrap_or_default()
    }
}

/// A server and several clients.
pub(super) struct Net {
    pub(super) clients: Vec<Node>,
    pub(super) server: Node,
    wire: Wire,
    channel_count: usize,
}

impl Net {
    /// Starts a connection from a client.
    pub(super) fn connect(&mut self, client: usize, data: u32) {
        let peer = self.clients[client]
            .host
            .connect(self.server.address, self.channel_count, data);
        self.clients[client].last_peer = Some(peer.expect("a slot is free"));
    }

    /// Starts a connection from every client, with its index as user data, and runs until idle.
    pub(super) fn connect_all(&mut self) {
        for client in 0..self.clients.len() {
            self.connect(client, u32::try_from(client).expect("few clients"));
        }
        self.run_until_idle();
    }

    /// What the hosts' clocks read.
    pub(super) fn now(&self) -> Time {
        self.server.clock(self.wire.now_micros)
    }

    pub(super) fn run_for(&mut self, span: Duration) {
        let mut nodes: Vec<_> = self.clients.iter_mut().chain([&mut self.server]).collect();
        self.wire.run_for(&mut nodes, span);
    }

    pub(super) fn run_until_idle(&mut self) {
        let mut nodes: Vec<_> = self.clients.iter_mut().chain([&mut self.server]).collect();
        self.wire.run_until_idle(&mut nodes);
    }

    /// Moves time by `span` while both sides stand still, as if the machine had been asleep.
    pub(super) fn jump(&mut self, span: Duration) {
        self.wire.now_micros = self.wire.after(span);
    }

    /// Changes all links.
    pub(super) fn set_link(&mut self, link: LinkConfig) {
        self.wire.network.set_config(link);
    }

    pub(super) fn statistics(&self) -> LinkStatistics {
        self.wire.network.statistics()
    }

    pub(super) fn link_to_server(&mut self, client: usize) -> &mut Link {
        self.wire
            .network
            .link(self.clients[client].address, self.server.address)
    }

    pub(super) fn link_to_client(&mut self, client: usize) -> &mut Link {
        self.wire
            .network
            .link(self.server.address, self.clients[client].address)
    }
}
