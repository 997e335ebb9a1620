//! [`Host`]: the peer table and everything that concerns all of it.
//!
//! Kept here: the slots, the queue of peers that have something for the application, the set of peers that may have
//! something to send, and the timers. A peer is looked at when it is in that set or its timer rings, never because it
//! exists: the cost of a step follows the peers with work, not the slots.

mod addresses;
mod alternatives;
mod bandwidth;
mod bans;
mod datagrams;
mod half_open;
mod handshake;
#[cfg(test)]
mod inspect;
mod knocks;
mod labels;
mod memory;
mod proof;
mod receive;
mod slots;
mod statistics;
mod suspension;
mod transmit;
mod waiting;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;

use addresses::AddressBook;
use bans::Bans;
pub use bans::{Ban, Prefix, PrefixError};
pub use datagrams::{Datagrams, Run, RunLimits};
use half_open::{HalfOpen, Source};
use knocks::Knocks;
use memory::Memory;
use slots::{SlotSet, Slots};
pub use statistics::{DropCause, HostStatistics};
pub use transmit::{Mark, Transmit};
pub use waiting::WaitingId;
use waiting::WaitingRoom;

use crate::admission::Admission;
pub(crate) use crate::choices::Choices;
use crate::choices::SeededChoices;
use crate::compress::Compressor;
use crate::config::{HostConfig, clamp_channel_limit};
use crate::error::{ConnectError, SendError};
use crate::event::{DisconnectCause, Event, PeerId};
use crate::limits::{LogBudget, TokenBucket};
use crate::packet::Packet;
#[cfg(test)]
pub(crate) use crate::peer::Inspection;
use crate::peer::{Peer, PeerState, PeerStatistics, Recovery, SendLimits, write_goodbye};
use crate::time::{Millis, Time};
use crate::times::PeerTimes;
use crate::wire::{Command, ProtocolHeader};

/// One endpoint: up to 4095 connections over one socket, which the driver owns.
pub struct Host {
    config: HostConfig,
    compressor: Option<Box<dyn Compressor>>,
    admission: Option<Box<dyn Admission>>,
    choices: Box<dyn Choices>,
    /// A datagram after it is unsealed.
    scratch: Vec<u8>,
    /// A body after compression.
    packed: Vec<u8>,

    slots: Slots,
    addresses: AddressBook,
    agenda: Agenda,
    half_open: HalfOpen,
    knocks: Knocks,
    waiting: WaitingRoom,
    bans: Bans,
    /// The rates of joining, in total and of each source that joined a short time ago, and of refusing.
    joins: TokenBucket,
    joins_by_source: HashMap<Source, TokenBucket>,
    joins_swept: Time,
    refusals: TokenBucket,
    log: LogBudget,
    /// Datagrams to addresses without a peer.
    farewells: VecDeque<(SocketAddr, Vec<u8>)>,
    statistics: HostStatistics,

    /// Peers in an open state, and those of them that named a bandwidth they can take in.
    open_peers: usize,
    /// Peers whose remote has left: their slots are free as soon as that is acknowledged and reported.
    leaving_peers: usize,
    /// What all peers have waiting for the application.
    memory: Memory,
    limited_peers: usize,
    /// Whether peers are to be told their share of our bandwidth at the next tick.
    recalculate: bool,
    last_tick: Millis,
    next_tick: Time,
    /// Counts commands in order of the calls that queued them.
    stamp: u32,
    /// Where the pass through the ready peers stands, and whether it looks for timeouts.
    cursor: u16,
    timeouts_armed: bool,
    /// What those are told who ask for a connection while the host is suspended.
    suspended: Option<u32>,
}

/// Which peers are to be looked at, why and when.
#[derive(Debug, Default)]
struct Agenda {
    /// Peers that may have something to send.
    ready: SlotSet,
    timers: BTreeSet<(Time, u16)>,
    /// Peers with packets, or an end, for the application: served in turn.
    dispatch: VecDeque<u16>,
    /// Events that go before those.
    notices: VecDeque<Event>,
}

impl Agenda {
    /// Puts the peer into the dispatch queue if it has something for the application and is not there yet.
    fn dispatch(&mut self, peer: &mut Peer) {
        if !peer.dispatched && peer.has_news() {
            peer.dispatched = true;
            self.dispatch.push_back(peer.id.slot);
        }
    }

    /// Sets the peer's timer, unless it rings before `deadline` anyway.
    fn set_timer(&mut self, peer: &mut Peer, deadline: Time) {
        if peer.timer.is_none_or(|timer| deadline < timer) {
            self.clear_timer(peer);
            peer.timer = Some(deadline);
            self.timers.insert((deadline, peer.id.slot));
        }
    }

    fn clear_timer(&mut self, peer: &mut Peer) {
        if let Some(timer) = peer.timer.take() {
            self.timers.remove(&(timer, peer.id.slot));
        }
    }
}

/// What the application asks for.
impl Host {
    /// A host without connections.
    #[must_use]
    pub fn new(config: HostConfig) -> Self {
        let (limits, seed) = (config.limits, config.seed);
        let memory = Memory::new(&config);
        Self {
            compressor: None,
            admission: None,
            choices: Box::new(SeededChoices::new(seed)),
            config,
            scratch: Vec::new(),
            packed: Vec::new(),
            slots: Slots::default(),
            addresses: AddressBook::default(),
            agenda: Agenda::default(),
            half_open: HalfOpen::default(),
            knocks: Knocks::new(limits.attempts, seed),
            waiting: WaitingRoom::default(),
            bans: Bans::default(),
            joins: TokenBucket::new(limits.joins, limits.join_burst, Time::ZERO),
            joins_by_source: HashMap::new(),
            joins_swept: Time::ZERO,
            refusals: TokenBucket::new(limits.refusals, limits.refusals, Time::ZERO),
            log: LogBudget::new(limits.log_lines),
            farewells: VecDeque::new(),
            statistics: HostStatistics::default(),
            open_peers: 0,
            leaving_peers: 0,
            memory,
            limited_peers: 0,
            recalculate: false,
            last_tick: Millis(0),
            next_tick: Time::ZERO,
            stamp: 0,
            cursor: 0,
            timeouts_armed: false,
            suspended: None,
        }
    }

    /// Begins a connection; [`Event::Connect`] or [`Event::Disconnect`] tells how it went.
    ///
    /// - `channel_count`: clamped to 1..=255; the remote may grant fewer.
    /// - `data`: surfaces in the remote's connect event.
    ///
    /// # Errors
    /// [`ConnectError::NoFreeSlot`] when all slots are taken.
    ///
    /// Source: `enet_host_connect`, ENet 1.3.18 `host.c`.
    pub fn connect(
        &mut self,
        address: SocketAddr,
        channel_count: usize,
        data: u32,
    ) -> Result<PeerId, ConnectError> {
        let vacant = self.slots.vacant(self.config.peer_count);
        let (id, sessions) = vacant.ok_or(ConnectError::NoFreeSlot(self.config.peer_count()))?;
        let connect_id = self.choices.connect_id();
        let sessions = if self.config.vanilla_quirks {
            sessions
        } else {
            self.choices.named_sessions(sessions)
        };
        let mut peer = Peer::connecting(
            id,
            address,
            sessions,
            channel_count,
            connect_id,
            &self.config,
        );
        if !self.config.vanilla_quirks {
            let labels = self.slots.labels();
            let label = labels.draw(&mut *self.choices, &self.half_open);
            peer.label = label.ok_or(ConnectError::NoFreeSlot(self.config.peer_count()))?;
            peer.begin_control(self.choices.first_number());
        }
        peer.asking.data = Some(data);
        let connect = peer.connect_command(&self.config, data);
        self.slots
            .occupy(peer)
            .queue_control(&mut self.stamp, connect);
        self.agenda.ready.insert(id.slot);
        Ok(id)
    }

    /// Queues `packet` on `channel_id`; the bytes leave with a later [`Host::poll_transmit`].
    ///
    /// - `channel_id`: below [`Host::channel_count`] of the peer.
    /// - payload: at most [`HostConfig::maximum_packet_size`] bytes; what does not fit the MTU is split into fragments.
    ///
    /// # Errors
    /// [`SendError::NotConnected`] before the handshake ends and after the connection does,
    /// [`SendError::NoSuchChannel`], [`SendError::TooLarge`]. Nothing is queued then.
    ///
    /// Source: `enet_peer_send`, ENet 1.3.18 `peer.c`. Differs: an unknown channel is an error with its number.
    pub fn send(&mut self, peer: PeerId, channel_id: u8, packet: Packet) -> Result<(), SendError> {
        let limits = self.send_limits();
        let peer = self
            .slots
            .get_mut(peer)
            .ok_or(SendError::NotConnected(PeerState::Disconnected))?;
        peer.send(&mut self.stamp, channel_id, packet, limits)?;
        self.agenda.ready.insert(peer.id.slot);
        Ok(())
    }

    /// Queues `packet` to every connected peer that has the channel, sharing its bytes. Returns to how many.
    ///
    /// Source: `enet_host_broadcast`, ENet 1.3.18 `host.c`.
    pub fn broadcast(&mut self, channel_id: u8, packet: &Packet) -> usize {
        let limits = self.send_limits();
        let mut reached = 0;
        for peer in self.slots.iter_mut() {
            if peer
                .send(&mut self.stamp, channel_id, packet.clone(), limits)
                .is_ok()
            {
                self.agenda.ready.insert(peer.id.slot);
                reached += 1;
            }
        }
        reached
    }

    /// Asks the remote to part; [`Event::Disconnect`] follows when it has answered or its time is up.
    ///
    /// What is queued or unacknowledged is dropped. A connection that is not open yet ends at once and without an event.
    ///
    /// Source: `enet_peer_disconnect`, ENet 1.3.18 `peer.c`.
    pub fn disconnect(&mut self, peer: PeerId, data: u32) {
        match self.state(peer) {
            PeerState::Connected | PeerState::DisconnectLater => {
                self.begin_disconnect(peer.slot, data)
            }
            PeerState::Connecting | PeerState::AcknowledgingConnect => {
                self.say_goodbye(peer.slot, data)
            }
            PeerState::Disconnected
            | PeerState::Disconnecting
            | PeerState::AcknowledgingDisconnect
            | PeerState::Zombie => {}
        }
    }

    /// Parts at once and without an event: one goodbye, which may be lost, is what the next [`Host::poll_transmit`]
    /// hands out.
    ///
    /// Source: `enet_peer_disconnect_now`, ENet 1.3.18 `peer.c`.
    pub fn disconnect_now(&mut self, peer: PeerId, data: u32) {
        match self.state(peer) {
            PeerState::Disconnected => {}
            PeerState::Zombie | PeerState::Disconnecting => self.forget(peer.slot),
            PeerState::Connecting
            | PeerState::AcknowledgingConnect
            | PeerState::Connected
            | PeerState::DisconnectLater
            | PeerState::AcknowledgingDisconnect => self.say_goodbye(peer.slot, data),
        }
    }

    /// As [`Host::disconnect`], once everything queued is acknowledged. Until then nothing more can be sent, and what
    /// arrives is thrown away.
    ///
    /// Source: `enet_peer_disconnect_later`, ENet 1.3.18 `peer.c`.
    pub fn disconnect_later(&mut self, peer: PeerId, data: u32) {
        match self.slots.get_mut(peer) {
            Some(peer) if peer.is_open() && !peer.is_drained() => {
                peer.state = PeerState::DisconnectLater;
                peer.data = data;
            }
            _ => self.disconnect(peer, data),
        }
    }

    /// Forgets the peer at once; nobody is told, there is no event.
    ///
    /// Source: `enet_peer_reset`, ENet 1.3.18 `peer.c`.
    pub fn reset(&mut self, peer: PeerId) {
        if self.slots.get(peer).is_some() {
            self.forget(peer.slot);
        }
    }

    /// Pings the peer now, besides the pings that keep the connection alive by themselves; only when connected.
    pub fn ping(&mut self, peer: PeerId) {
        if let Some(peer) = self.slots.get_mut(peer)
            && peer.state == PeerState::Connected
        {
            peer.queue_control(&mut self.stamp, Command::Ping);
            self.agenda.ready.insert(peer.id.slot);
        }
    }

    /// Sets after how many ms without an acknowledgement the peer is pinged; 0 is the default, 500.
    pub fn set_ping_interval(&mut self, peer: PeerId, millis: u32) {
        if let Some(peer) = self.slots.get_mut(peer) {
            let times = PeerTimes {
                ping_interval: millis,
                ..PeerTimes::default()
            };
            peer.ping_interval = times.or_defaults().ping_interval;
            self.agenda.ready.insert(peer.id.slot);
        }
    }

    /// Sets when a silent peer is given up; 0 is the default of each.
    ///
    /// - `limit`: how far the retransmission timeout must have backed off, as a factor; default 32.
    /// - `minimum`: ms of silence before that counts; default 5000.
    /// - `maximum`: ms of silence after which the peer is given up in any case; default 30000.
    ///
    /// Source: `enet_peer_timeout`, ENet 1.3.18 `peer.c`.
    pub fn set_timeout(&mut self, peer: PeerId, limit: u32, minimum: u32, maximum: u32) {
        if let Some(peer) = self.slots.get_mut(peer) {
            let times = PeerTimes {
                timeout_limit: limit,
                timeout_minimum: minimum,
                timeout_maximum: maximum,
                ..PeerTimes::default()
            };
            peer.recovery.set_timeouts(times);
        }
    }

    /// Sets how the packet throttle reacts, here and at the remote.
    ///
    /// - `interval`: ms over which the best round-trip time is kept; default 5000.
    /// - `acceleration`, `deceleration`: rise and fall after a good and a bad sample, of 32; default 2 each.
    ///
    /// Source: `enet_peer_throttle_configure`, ENet 1.3.18 `peer.c`.
    pub fn throttle_configure(
        &mut self,
        peer: PeerId,
        interval: u32,
        acceleration: u32,
        deceleration: u32,
    ) {
        if let Some(peer) = self.slots.get_mut(peer) {
            peer.throttle
                .configure(interval, acceleration, deceleration);
            peer.queue_control(
                &mut self.stamp,
                Command::ThrottleConfigure {
                    interval,
                    acceleration,
                    deceleration,
                },
            );
            self.agenda.ready.insert(peer.id.slot);
        }
    }

    /// Changes the bandwidths of [`HostConfig::bandwidth`]; peers learn of it within about a second.
    pub fn set_bandwidth(&mut self, incoming: u32, outgoing: u32) {
        self.config.incoming_bandwidth = incoming;
        self.config.outgoing_bandwidth = outgoing;
        self.recalculate = true;
    }

    /// Changes [`HostConfig::recovery`] for connections to come.
    pub const fn set_recovery(&mut self, recovery: Recovery) {
        self.config.recovery = recovery;
    }

    /// Changes [`HostConfig::peer_times`] for connections to come.
    pub const fn set_peer_times(&mut self, times: PeerTimes) {
        self.config.peer_times = times;
    }

    /// Changes [`HostConfig::throttle_enabled`], for all connections.
    pub fn set_throttle_enabled(&mut self, enabled: bool) {
        self.config.throttle_enabled = enabled;
        for peer in self.slots.iter_mut() {
            peer.throttle.set_enabled(enabled);
        }
    }

    /// Changes [`HostConfig::channel_limit`] for connections to come.
    pub fn set_channel_limit(&mut self, channels: usize) {
        self.config.channel_limit = clamp_channel_limit(channels);
    }

    /// Changes [`HostConfig::mtu`] for connections to come, in bytes.
    pub fn set_mtu(&mut self, bytes: u32) {
        self.config = self.config.clone().mtu(bytes);
    }

    /// Compresses what is sent and takes compressed datagrams from here on; `None` ends both.
    pub fn set_compressor(&mut self, compressor: Option<Box<dyn Compressor>>) {
        self.compressor = compressor;
    }

    /// Lets `admission` decide about connections that others ask for from here on; `None` lets in all that find a slot.
    pub fn set_admission(&mut self, admission: Option<Box<dyn Admission>>) {
        self.admission = admission;
    }

    /// The next thing the application should know, `None` when there is nothing.
    ///
    /// Peers with packets are served in turn, one packet each.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = match self.agenda.notices.pop_front() {
            Some(notice) => {
                let (Event::Connect { peer: id, .. }
                | Event::Disconnect { peer: id, .. }
                | Event::Receive { peer: id, .. }) = notice;
                if let Some(peer) = self.slots.get_mut(id) {
                    peer.unreleased += 1;
                }
                notice
            }
            None => self.next_dispatched()?,
        };
        if !self.config.manual_release {
            let (id, bytes) = match &event {
                Event::Receive { peer, packet, .. } => (*peer, packet.len()),
                Event::Connect { peer, .. } | Event::Disconnect { peer, .. } => (*peer, 0),
            };
            self.release(id, 1, bytes);
        }
        Some(event)
    }

    /// With [`HostConfig::manual_release`]: the application took `events` events of this peer, with `bytes` of payload.
    ///
    /// A peer whose end was reported keeps its slot until all its events are taken, as ENet keeps it until the
    /// application has asked for the last: what nobody takes stays within the limits of the slots.
    pub fn release(&mut self, peer: PeerId, events: usize, bytes: usize) {
        let Some(peer) = self.slots.get_mut(peer) else {
            return;
        };
        peer.waiting = peer.waiting.saturating_sub(bytes);
        peer.unreleased = peer.unreleased.saturating_sub(events);
        let (slot, is_over) = (peer.id.slot, peer.end_reported && peer.unreleased == 0);
        self.recount(slot);
        if is_over {
            self.remove(slot);
        }
    }

    /// The event of the peer whose turn it is.
    fn next_dispatched(&mut self) -> Option<Event> {
        while let Some(slot) = self.agenda.dispatch.pop_front() {
            let Some(peer) = self.slots.at_mut(slot) else {
                continue;
            };
            peer.dispatched = false;
            if let Some(received) = peer.ready.pop_front() {
                peer.unreleased += 1;
                self.agenda.dispatch(peer);
                return Some(Event::Receive {
                    peer: peer.id,
                    channel_id: received.channel_id,
                    packet: received.packet,
                });
            }
            if peer.has_news() {
                self.recalculate = true;
                peer.unreleased += 1;
                return Some(peer.report_end());
            }
        }
        None
    }
}

/// What can be seen.
impl Host {
    /// Most channels an incoming connection gets.
    #[must_use]
    pub const fn channel_limit(&self) -> usize {
        self.config.channel_limit
    }

    /// State of the peer; one that is gone is [`PeerState::Disconnected`].
    #[must_use]
    pub fn state(&self, peer: PeerId) -> PeerState {
        self.slots
            .get(peer)
            .map_or(PeerState::Disconnected, |peer| peer.state)
    }

    /// Address of the peer, unless it is gone or not located yet.
    #[must_use]
    pub fn address(&self, peer: PeerId) -> Option<SocketAddr> {
        let peer = self.slots.get(peer)?;
        (!peer.unlocated).then_some(peer.address)
    }

    /// Channels of the connection; 0 once it ends.
    #[must_use]
    pub fn channel_count(&self, peer: PeerId) -> usize {
        self.slots.get(peer).map_or(0, |peer| peer.channels.count())
    }

    /// What was measured of the peer, unless it is gone.
    #[must_use]
    pub fn peer_statistics(&self, peer: PeerId) -> Option<PeerStatistics> {
        self.slots.get(peer).map(PeerStatistics::from)
    }

    /// Counters of the host since it was made. Costs a look at each peer.
    #[must_use]
    pub fn statistics(&self) -> HostStatistics {
        let mut statistics = self.statistics;
        statistics.half_open = self.half_open.len() as u64;
        statistics.waiting = self.waiting.len() as u64;
        statistics.waiting_data = self.memory.total() as u64;
        for peer in self.slots.iter() {
            statistics.commands_resent += peer.traffic.commands_resent;
            statistics.commands_lost += peer.traffic.commands_lost;
            statistics.commands_queued += peer.commands_queued() as u64;
        }
        statistics
    }

    /// All peers, half-open ones included, in order of their slots.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.slots.iter().map(|peer| peer.id)
    }

    /// Number of [`Host::peers`].
    #[must_use]
    pub const fn peer_count(&self) -> usize {
        self.slots.len()
    }
}

/// Ends of connections, shared by all parts of the host.
impl Host {
    /// Moves a peer from one state to another, keeping count of the open and the leaving ones.
    fn change_state(&mut self, slot: u16, state: PeerState) {
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        let was = std::mem::replace(&mut peer.state, state);
        self.leaving_peers += usize::from(state.is_leaving());
        self.leaving_peers -= usize::from(was.is_leaving());
        if (state.is_leaving() || state == PeerState::Disconnected)
            && std::mem::take(&mut peer.admitted)
            && let Some(admission) = &mut self.admission
        {
            admission.left(peer.id);
        }
        let was_open = was.is_open();
        match (was_open, state.is_open()) {
            (false, true) => {
                self.open_peers += 1;
                self.limited_peers += usize::from(peer.incoming_bandwidth != 0);
            }
            (true, false) => {
                self.open_peers -= 1;
                self.limited_peers -= usize::from(peer.incoming_bandwidth != 0);
            }
            _ => {}
        }
    }

    /// Sends a flagged DISCONNECT and waits for its acknowledgement.
    fn begin_disconnect(&mut self, slot: u16, data: u32) {
        self.change_state(slot, PeerState::Disconnecting);
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        peer.clear_ready();
        peer.clear_queues();
        peer.queue_control(&mut self.stamp, Command::Disconnect { data });
        self.agenda.ready.insert(slot);
        self.recount(slot);
    }

    /// Writes an unflagged DISCONNECT for [`Host::poll_transmit`] and forgets the peer.
    fn say_goodbye(&mut self, slot: u16, data: u32) {
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        if peer.unlocated {
            return self.forget(slot);
        }
        let header = ProtocolHeader {
            peer_id: peer.remote_id,
            session: peer.sessions.outgoing,
            compressed: false,
            sent_time: None,
        };
        let (address, connect_id) = (peer.address, peer.connect_id);
        let number = peer.next_control_number();
        let datagram = self.datagram(header, connect_id, |body| {
            write_goodbye(number, data, body);
        });
        self.farewells.push_back((address, datagram));
        self.forget(slot);
    }

    /// Frees the slot because the application wants it so. An event of its beginning or end not yet handed out goes
    /// with it: nobody could use the peer any more.
    fn forget(&mut self, slot: u16) {
        let Some(id) = self.slots.at(slot).map(|peer| peer.id) else {
            return;
        };
        self.remove(slot);
        self.agenda.notices.retain(|notice| {
            !matches!(notice, Event::Connect { peer, .. } | Event::Disconnect { peer, .. } if *peer == id)
        });
    }

    /// The connection is over and the application must hear of it, after what has arrived.
    ///
    /// `at_once` puts the event before those of other peers, as ENet does with its own findings.
    fn finish(&mut self, slot: u16, data: u32, cause: DisconnectCause, at_once: bool) {
        let connected = self
            .slots
            .at(slot)
            .is_some_and(|peer| peer.state != PeerState::Connecting);
        self.change_state(slot, PeerState::Zombie);
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        peer.clear_queues();
        (peer.data, peer.cause) = (data, cause);
        if at_once && peer.ready.is_empty() {
            self.recalculate |= connected;
            self.agenda.notices.push_back(peer.report_end());
        } else {
            self.agenda.dispatch(peer);
        }
        self.recount(slot);
    }

    /// Frees the slot.
    fn remove(&mut self, slot: u16) {
        self.change_state(slot, PeerState::Disconnected);
        let Some(mut peer) = self.slots.vacate(slot) else {
            return;
        };
        self.memory.recount(peer.counted, 0);
        self.statistics.commands_resent += peer.traffic.commands_resent;
        self.statistics.commands_lost += peer.traffic.commands_lost;
        self.agenda.ready.remove(slot);
        self.agenda.clear_timer(&mut peer);
        if peer.dispatched {
            self.agenda.dispatch.retain(|&waiting| waiting != slot);
        }
        self.addresses.remove(&peer);
    }

    const fn send_limits(&self) -> SendLimits {
        SendLimits {
            maximum_packet_size: self.config.maximum_packet_size,
            datagram_overhead: 4 + self.checksum_len(),
        }
    }

    /// Bytes of checksum in each datagram.
    const fn checksum_len(&self) -> usize {
        if self.config.checksum.is_some() { 4 } else { 0 }
    }
}
