//! [`Host`]: the peer table and everything that concerns all of it.
//!
//! Kept here: the slots, the queue of peers that have something for the application, the set of peers that may have
//! something to send, and the timers. A peer is looked at when it is in that set or its timer rings, never because it
//! exists: the cost of a step follows the peers with work, not the slots.

mod addresses;
mod agenda;
mod alternatives;
mod bandwidth;
mod bans;
mod datagrams;
mod endings;
mod events;
mod half_open;
mod handshake;
#[cfg(test)]
mod inspect;
mod knocks;
mod labels;
mod memory;
mod proof;
mod receive;
mod screening;
mod seen;
mod settings;
mod slots;
mod statistics;
mod suspension;
mod transmit;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use addresses::AddressBook;
use agenda::Agenda;
use bans::Bans;
pub use bans::{Ban, Prefix, PrefixError};
pub use datagrams::{Datagrams, Run, RunLimits};
use half_open::{HalfOpen, Source};
use knocks::Knocks;
use memory::Memory;
use slots::Slots;
pub use statistics::{DropCause, HostStatistics};
pub use transmit::{Mark, Transmit};
pub use waiting::WaitingId;
use waiting::WaitingRoom;

use crate::admission::Admission;
pub(crate) use crate::choices::Choices;
use crate::choices::SeededChoices;
use crate::compress::Compressor;
use crate::config::HostConfig;
use crate::error::{ConnectError, SendError};
use crate::event::PeerId;
use crate::limits::{LogBudget, TokenBucket};
use crate::packet::Packet;
#[cfg(test)]
pub(crate) use crate::peer::Inspection;
use crate::peer::{Peer, PeerState, SendLimits};
use crate::time::{Millis, Time};
use crate::wire::Command;

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

    /// Begins a connection; [`Event::Connect`](crate::Event::Connect) or
    /// [`Event::Disconnect`](crate::Event::Disconnect) tells how it went.
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

    /// Pings the peer now, besides the pings that keep the connection alive by themselves; only when connected.
    pub fn ping(&mut self, peer: PeerId) {
        if let Some(peer) = self.slots.get_mut(peer)
            && peer.state == PeerState::Connected
        {
            peer.queue_control(&mut self.stamp, Command::Ping);
            self.agenda.ready.insert(peer.id.slot);
        }
    }
}

/// What other parts of the host need of its configuration.
impl Host {
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
