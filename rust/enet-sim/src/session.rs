//! [`play`]: one random session, from its seed.

mod finish;

use std::net::{Ipv4Addr, SocketAddr};

use enet_netsim::Network;
use enet_proto::{HostConfig, Packet, PacketFlags, PeerId, PeerState, Recovery, Time};

use crate::dice::Dice;
use crate::ledger::{CHANNELS, CLIENT, Connection, Leaving, Ledger, SERVER, Stage};
use crate::payload::{HEADER, Promise, UNSPLIT};
use crate::profile::Profile;
use crate::world::World;

const OPERATIONS: usize = 60;
/// Bytes that a peer may keep for its application where the session tries the limit. The last packet that begins below it
/// may go over it, and so may the one that is next in line on each channel.
const SMALL_WAITING_LIMIT: usize = 64 * 1024;
/// Longest payload.
const LONGEST: usize = 30_000;
/// In-flight datagrams of a host that died are gone after this, on every profile.
const FORGOTTEN_AFTER_MICROS: u64 = 3_000_000;
/// Virtual time after which a whole network has brought everything to its end: a vanilla peer that backed off far is
/// given up only as its timer rings.
const LONGEST_TO_QUIET_MICROS: u64 = 400_000_000;
const SECOND: u64 = 1_000_000;

/// What a session amounted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Sessions.
    pub sessions: u64,
    /// Connections that clients began.
    pub connections: u64,
    /// Packets that hosts accepted for sending.
    pub packets_sent: u64,
    /// Packets that arrived.
    pub packets_arrived: u64,
    /// Datagrams given to the network.
    pub datagrams: u64,
    /// Virtual time, in seconds.
    pub virtual_seconds: u64,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.connections += other.connections;
        self.packets_sent += other.packets_sent;
        self.packets_arrived += other.packets_arrived;
        self.datagrams += other.datagrams;
        self.virtual_seconds += other.virtual_seconds;
    }
}

/// Plays the session of `seed` to its end.
///
/// # Panics
/// If a promise is broken; the message says which.
#[must_use]
pub fn play(seed: u64) -> Tally {
    Session::new(seed, Dice::seeded(seed)).run()
}

/// As [`play`], with choices that `script` makes, a byte each, until it is used up.
///
/// # Panics
/// If a promise is broken; the message says which.
#[must_use]
pub fn play_script(script: &[u8]) -> Tally {
    Session::new(0, Dice::scripted(script)).run()
}

/// What the dice decide once for a host.
#[derive(Debug, Clone, Copy)]
struct Temper {
    vanilla: bool,
    recovery: Recovery,
    waiting_limit: Option<usize>,
}

struct Session {
    dice: Dice,
    profile: Profile,
    world: World,
    ledger: Ledger,
    /// Of the server, then of each client.
    tempers: Vec<Temper>,
    /// The last connection of each client's running host.
    current: Vec<Option<u32>>,
    /// Clients that cannot reach the server, and from which the server cannot be reached.
    cut: Vec<[bool; 2]>,
    /// When a node that is down may start again.
    rests_until: Vec<u64>,
    /// Ports that clients took so far; each life takes its own.
    ports: u16,
}

impl Session {
    /// `link_seed` decides what the network loses.
    fn new(link_seed: u64, mut dice: Dice) -> Self {
        let profile = Profile::ALL[dice.below(Profile::ALL.len())];
        let clients = match dice.below(100) {
            0 => 64,
            1..5 => 16,
            5..20 => 8,
            _ => 1 + dice.below(4),
        };
        // Also for addresses that appear within a second.
        let network = Network::new(link_seed, profile.condition(true, 0).link);
        let mut session = Self {
            dice,
            profile,
            world: World::new(network),
            ledger: Ledger::default(),
            tempers: Vec::new(),
            current: Vec::new(),
            cut: Vec::new(),
            rests_until: Vec::new(),
            ports: 0,
        };
        for _ in 0..=clients {
            session.add_node();
        }
        session
    }

    fn add_node(&mut self) {
        let (vanilla, recovery) = match self.below(6) {
            0 | 1 => (true, Recovery::Vanilla),
            2 => (false, Recovery::Vanilla),
            _ => (false, Recovery::Fast),
        };
        // Where all is to get through, nobody may be who takes the MTU for granted.
        let (vanilla, recovery) = match self.profile {
            Profile::DropsLarge if self.all_find_their_way() => (false, Recovery::Fast),
            _ => (vanilla, recovery),
        };
        let temper = Temper {
            vanilla,
            recovery,
            waiting_limit: (self.below(4) == 0).then_some(SMALL_WAITING_LIMIT),
        };
        // Many clocks wrap within the session: ENet's after 2^32 ms, its header's after 2^16.
        let clock_start_millis = [
            0,
            (1 << 32) - 5_000,
            (1 << 16) - 5_000,
            (1 << 32) - 40_000,
            12_345_678,
        ][self.below(5)];
        let node = self.tempers.len();
        self.world.add_node(Time::from_millis(clock_start_millis));
        self.tempers.push(temper);
        self.current.push(None);
        self.cut.push([false; 2]);
        self.rests_until.push(0);
        self.start(node);
    }

    /// Whether every host so far looks for the largest datagram that its paths carry.
    fn all_find_their_way(&self) -> bool {
        let mut hosts = self.tempers.iter();
        !self.tempers.is_empty() && hosts.all(|it| it.recovery == Recovery::Fast)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.dice.below(limit)
    }

    fn run(mut self) -> Tally {
        for client in 1..self.tempers.len() {
            self.connect(client);
        }
        for _ in 0..OPERATIONS {
            if self.dice.is_used_up() {
                break;
            }
            self.operate();
            let pause_millis = [0, 1, 10, 50, 300][self.below(5)];
            self.pass(pause_millis * 1000);
            self.check_waiting();
        }
        self.finish();
        let (sent, arrived) = self.ledger.packets();
        Tally {
            sessions: 1,
            connections: self.ledger.connections().len() as u64,
            packets_sent: sent as u64,
            packets_arrived: arrived as u64,
            datagrams: self.world.network.statistics().sent,
            virtual_seconds: self.world.now_micros / SECOND,
        }
    }

    /// Lets time pass, with the weather of each second.
    fn pass(&mut self, span_micros: u64) {
        let end = self.world.now_micros + span_micros;
        loop {
            self.apply_weather();
            let next_second = (self.world.now_micros / SECOND + 1) * SECOND;
            self.world.run_until(end.min(next_second), &mut self.ledger);
            if self.world.now_micros >= end {
                return;
            }
        }
    }

    fn apply_weather(&mut self) {
        let second = self.world.now_micros / SECOND;
        let server = self.world.nodes[SERVER].address;
        for client in 1..self.tempers.len() {
            let address = self.world.nodes[client].address;
            let [cut_up, cut_down] = self.cut[client];
            for (up, from, to, cut) in [
                (true, address, server, cut_up),
                (false, server, address, cut_down),
            ] {
                let condition = self.profile.condition(up, second);
                let link = self.world.network.link(from, to);
                link.set_config(condition.link);
                link.set_down(condition.is_down || cut);
            }
        }
    }

    /// What each peer keeps for its application stays within the limit and one packet, which may be next in line.
    fn check_waiting(&mut self) {
        for (node, temper) in self.world.nodes.iter().zip(&self.tempers) {
            let (Some(host), Some(limit)) = (&node.host, temper.waiting_limit) else {
                continue;
            };
            for peer in host.peers() {
                let kept = host.peer_statistics(peer).map_or(0, |it| it.waiting_data);
                // ENet itself never counts dropped unreliable packets out again.
                assert!(
                    temper.vanilla || kept <= limit + LONGEST,
                    "{kept} bytes wait, of {limit}"
                );
            }
        }
    }
}

/// The operations.
impl Session {
    fn operate(&mut self) {
        let client = 1 + self.below(self.tempers.len() - 1);
        let end = self.below(2);
        match self.below(60) {
            0 => self.leave(client, end),
            1..=3 => self.connect(client),
            4 => self.crash_or_close(client),
            5 if self.below(4) == 0 => self.crash_or_close(SERVER),
            6 | 7 => self.restart(client),
            8 | 9 => self.restart(SERVER),
            10 => self.cut[client] = [[true, true], [true, false], [false, true]][self.below(3)],
            11 | 12 => self.cut[client] = [false; 2],
            13 => self.toggle_hanging(client, end),
            14 => self.toggle_unread(client, end),
            15 => {
                let span_seconds = [1, 4, 12][self.below(3)];
                self.pass(span_seconds * SECOND);
            }
            16 => self.adjust(client, end),
            _ => {
                for _ in 0..=self.below(10) {
                    self.send(client, end);
                }
            }
        }
    }

    /// Connects a client that is free, unless a connection of its before the last may still be heard of and one end is
    /// vanilla.
    ///
    /// ENet tells the connections of a slot apart by two bits, which step by one or two: what an end that never heard of
    /// the goodbye goes on resending can be taken for traffic of the next connection but one.
    fn connect(&mut self, client: usize) {
        let life = self.world.life(client);
        let earlier = self
            .ledger
            .connections()
            .iter()
            .filter(|it| it.client == life);
        let mut before_the_last = earlier.rev().skip(1);
        let is_vanilla = self.tempers[client].vanilla || self.tempers[SERVER].vanilla;
        if is_vanilla && before_the_last.any(|it| self.is_heard_of(it)) {
            return;
        }
        let server = self.world.nodes[SERVER].address;
        let now_micros = self.world.now_micros;
        let Some(host) = self
            .world
            .host(client)
            .filter(|host| host.peer_count() == 0)
        else {
            return;
        };
        let number = self.ledger.begin(now_micros, life);
        let peer = host
            .connect(server, CHANNELS.into(), number)
            .expect("the only slot is free");
        self.ledger.assign(number, CLIENT, life, peer);
        self.current[client] = Some(number);
    }

    fn is_heard_of(&self, connection: &Connection) -> bool {
        let is_recent = connection.began_micros + FORGOTTEN_AFTER_MICROS > self.world.now_micros;
        is_recent || self.state(connection, SERVER) != PeerState::Disconnected
    }

    /// The state of the peer that an end is.
    fn state(&self, connection: &Connection, end: usize) -> PeerState {
        let Some(((node, life), peer)) = connection.ends[end].peer else {
            return PeerState::Disconnected;
        };
        let node = &self.world.nodes[node];
        let host = node.host.as_ref().filter(|_| node.life == life);
        host.map_or(PeerState::Disconnected, |host| host.state(peer))
    }

    /// The node and the peer at an end of a client's last connection, if both are there.
    fn peer(&self, client: usize, end: usize) -> Option<(u32, usize, PeerId)> {
        let number = self.current[client]?;
        let ((node, life), peer) = self.ledger.connection(number).ends[end].peer?;
        (self.world.life(node) == (node, life) && self.world.nodes[node].host.is_some())
            .then_some((number, node, peer))
    }

    fn send(&mut self, client: usize, end: usize) {
        let Some((number, node, peer)) = self.peer(client, end) else {
            return;
        };
        let channel_id = u8::try_from(self.below(CHANNELS.into())).expect("few channels");
        let flags = [0, 1, 1, 2, 8, 10][self.below(6)];
        let flags = PacketFlags::from_bits(flags).expect("known flags");
        let len = [HEADER, 40, 200, UNSPLIT, UNSPLIT + 1, 4_000, LONGEST][self.below(7)];
        self.send_packet(number, node, peer, end, (channel_id, flags, len));
    }

    fn send_packet(
        &mut self,
        number: u32,
        node: usize,
        peer: PeerId,
        end: usize,
        (channel_id, flags, len): (u8, PacketFlags, usize),
    ) {
        let length = u32::try_from(len).expect("short");
        let name = self.ledger.next_name(number, end, channel_id, length);
        let Some(host) = self.world.host(node) else {
            return;
        };
        let is_open = host.state(peer) == PeerState::Connected;
        let packet = Packet::new(name.payload(), flags);
        let accepted = host.send(peer, channel_id, packet).is_ok();
        assert_eq!(
            accepted, is_open,
            "a packet is accepted exactly when the connection is open"
        );
        if accepted {
            self.ledger.sent(name, Promise::of(flags, len));
        }
    }

    /// Ends a connection at one end by one of the four calls.
    fn leave(&mut self, client: usize, end: usize) {
        let Some((number, node, peer)) = self.peer(client, end) else {
            return;
        };
        let call = self.below(4);
        let Some(host) = self.world.host(node) else {
            return;
        };
        let before = host.state(peer);
        match call {
            0 => host.disconnect(peer, 1),
            1 => host.disconnect_now(peer, 2),
            2 => host.disconnect_later(peer, 3),
            _ => host.reset(peer),
        }
        let after = host.state(peer);
        let seen = &self.ledger.connection(number).ends[end];
        let earlier = seen.leaving;
        if seen.stage == Stage::Over {
            return;
        }
        let leaving = match (before, after) {
            (PeerState::Disconnected, _) => return,
            (_, PeerState::Disconnected) => Leaving::AtOnce,
            (PeerState::Disconnecting, _) => earlier.unwrap_or(Leaving::Asking),
            _ if call == 2 => Leaving::Later,
            _ => Leaving::Asking,
        };
        self.ledger.left(number, end, leaving);
    }

    /// Ends a host, with or without saying goodbye to its peers.
    fn crash_or_close(&mut self, node: usize) {
        let says_goodbye = self.below(2) == 0;
        let life = self.world.life(node);
        let Some(host) = self.world.host(node) else {
            return;
        };
        if says_goodbye {
            let peers: Vec<PeerId> = host.peers().collect();
            for peer in peers {
                host.disconnect_now(peer, 4);
            }
        }
        if says_goodbye {
            self.world.settle(&mut self.ledger);
        }
        self.ledger.crashed(life);
        self.world.stop(node);
        self.rests_until[node] = self.world.now_micros + FORGOTTEN_AFTER_MICROS;
    }

    /// Starts a host that is down: the server at its address, a client at a new one.
    fn restart(&mut self, node: usize) {
        let rested = self.world.now_micros >= self.rests_until[node];
        if rested && self.world.nodes[node].host.is_none() {
            self.start(node);
            if node != SERVER {
                self.connect(node);
            }
        }
    }

    fn start(&mut self, node: usize) {
        let address = self.address_of(node);
        let slots = if node == SERVER {
            self.below(2) * 60 + 8
        } else {
            1
        };
        let config = self.config(node, slots);
        self.world.start(node, address, config);
        self.current[node] = None;
    }

    fn address_of(&mut self, node: usize) -> SocketAddr {
        if node == SERVER {
            return SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 8910));
        }
        self.ports += 1;
        SocketAddr::from((Ipv4Addr::new(10, 0, 1, 1), 20_000 + self.ports))
    }

    fn config(&mut self, node: usize, slots: usize) -> HostConfig {
        let seed = self.dice.host_seed();
        let temper = self.tempers[node];
        let config = HostConfig::new(slots, seed)
            .manual_release(true)
            .vanilla_quirks(temper.vanilla)
            .recovery(temper.recovery);
        match temper.waiting_limit {
            Some(limit) => config
                .maximum_waiting_data(limit)
                .maximum_packet_size(LONGEST),
            None => config,
        }
    }

    fn toggle_hanging(&mut self, client: usize, end: usize) {
        let node = if end == SERVER { SERVER } else { client };
        let hangs = self.world.nodes[node].hangs;
        self.world.set_hanging(node, !hangs);
    }

    fn toggle_unread(&mut self, client: usize, end: usize) {
        let node = if end == SERVER { SERVER } else { client };
        let is_unread = self.world.nodes[node].is_unread;
        self.world.set_unread(node, !is_unread);
    }

    /// Turns one of a host's knobs.
    fn adjust(&mut self, client: usize, end: usize) {
        let knob = self.below(4);
        let choice = self.below(3);
        let Some((_, node, peer)) = self.peer(client, end) else {
            return;
        };
        let Some(host) = self.world.host(node) else {
            return;
        };
        match knob {
            0 => host.set_bandwidth([0, 60_000, 1_000_000][choice], 0),
            1 => host.ping(peer),
            2 => host.set_ping_interval(peer, [0, 50, 2_000][choice]),
            _ => host.throttle_configure(peer, [0, 1_000, 20_000][choice], 2, 2),
        }
    }
}
