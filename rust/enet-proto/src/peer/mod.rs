//! [`Peer`]: one remote.
//!
//! A peer owns its channels, queues and estimates and knows nothing of other peers. It exists from the moment a slot
//! is taken until its last event is handed out; the host owns the slot.

mod assemble;
mod channels;
#[cfg(test)]
mod inspect;
mod intake;
mod outgoing;
mod path_mtu;
mod path_probe;
mod queue;
mod recovery;
mod rtt;
mod schedule;
mod state;
mod statistics;
mod throttle;
mod traffic;
mod unsequenced;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) use assemble::Body;
use channels::ChannelTable;
#[cfg(test)]
pub(crate) use inspect::Inspection;
pub(crate) use outgoing::NumberIndex;
use outgoing::{OutgoingQueues, Queue};
use path_mtu::PathMtu;
pub(crate) use queue::SendLimits;
pub use recovery::Recovery;
pub(crate) use recovery::{EchoFromTheFuture, Liveness, RecoveryState};
use rtt::RoundTrip;
pub use state::PeerState;
pub use statistics::PeerStatistics;
use throttle::{Loss, Throttle};
use traffic::Traffic;
use unsequenced::UnsequencedWindow;

use crate::channel::Held;
use crate::config::HostConfig;
use crate::consts::{PROTOCOL_MAXIMUM_MTU, PROTOCOL_MAXIMUM_PEER_ID};
use crate::event::{DisconnectCause, Event, PeerId};
use crate::limits::{Limits, TokenBucket};
use crate::packet::Packet;
use crate::time::{Millis, Time};
use crate::wire::{Command, CommandHeader, CommandKind};

/// A packet that waits for the application.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) channel_id: u8,
    pub(crate) packet: Packet,
}

/// An acknowledgement we owe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acknowledgement {
    pub(crate) kind: CommandKind,
    pub(crate) channel_id: u8,
    pub(crate) number: u16,
    /// Sent time of the datagram that carried the command.
    pub(crate) sent_time: u16,
}

/// The 2-bit sessions by which a slot tells its connections apart; 0xFF is "never used".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sessions {
    pub(crate) incoming: u8,
    pub(crate) outgoing: u8,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            incoming: 0xFF,
            outgoing: 0xFF,
        }
    }
}

/// What a CONNECT of ours says of itself; empty for a peer that asked us.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    /// Its user data.
    pub(crate) data: Option<u32>,
    /// What to ask with when that is taken.
    pub(crate) alternatives: VecDeque<u32>,
}

/// One remote.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// Our number in the remote's headers.
    pub(crate) label: u16,
    pub(crate) state: PeerState,
    /// Where the remote is. While the peer is [`unlocated`](Self::unlocated) this says nothing.
    pub(crate) address: SocketAddr,
    /// Whether the address is not known yet, so that nothing can be sent.
    pub(crate) unlocated: bool,
    /// How long our attempt to connect may take, and when that is over; counted from the first look at it.
    attempt_limit: Option<Duration>,
    attempt_end: Option<Time>,
    /// Whether an [`Admission`](crate::Admission) let the peer in and was not told yet that it left.
    pub(crate) admitted: bool,
    /// Our number in the remote's table; [`PROTOCOL_MAXIMUM_PEER_ID`] until it is known.
    pub(crate) remote_id: u16,
    pub(crate) sessions: Sessions,
    pub(crate) connect_id: [u8; 4],
    /// With what we ask, or asked, for the connection.
    pub(crate) asking: Asking,
    /// User data of the event that is to come.
    pub(crate) data: u32,
    /// Why the connection ended, once it has.
    pub(crate) cause: DisconnectCause,
    /// Largest datagram that both ends agreed on, in bytes.
    pub(crate) mtu: u32,
    /// What the path carries of that; `None` takes it for granted, as ENet does.
    path_mtu: Option<PathMtu>,
    pub(crate) channels: ChannelTable,

    queues: OutgoingQueues,
    acknowledgements: VecDeque<Acknowledgement>,
    unacknowledged_control: NumberIndex,
    control_number: u16,
    /// Number of the first command on the control channel: the CONNECT.
    first_control_number: u16,
    outgoing_group: u16,
    pub(crate) unsequenced: UnsequencedWindow,
    /// Highest number received on the control channel.
    pub(crate) incoming_control_number: u16,

    pub(crate) recovery: RecoveryState,
    pub(crate) round_trip: RoundTrip,
    pub(crate) throttle: Throttle,
    pub(crate) loss: Loss,
    pub(crate) traffic: Traffic,
    pub(crate) ping_interval: u32,
    /// When an acknowledgement came last; 0 is never.
    last_receive: Millis,
    last_send: Millis,
    /// Unreliable packets that the throttle dropped, because of round trips and because of a bandwidth.
    pub(crate) dropped_by_throttle: u32,
    pub(crate) dropped_by_bandwidth: u32,
    /// Whether to drop what ENet drops.
    vanilla_quirks: bool,

    /// What the remote says it can take in and may put out, bytes per second; 0 is unlimited.
    pub(crate) incoming_bandwidth: u32,
    pub(crate) outgoing_bandwidth: u32,
    /// Bytes since the last bandwidth tick.
    pub(crate) incoming_total: u32,
    pub(crate) outgoing_total: u32,

    /// Packets for the application, and the bytes it has not taken: these and what is buffered in channels.
    pub(crate) ready: VecDeque<Received>,
    pub(crate) waiting: usize,
    /// What of `waiting` the host has counted.
    pub(crate) counted: usize,
    /// What of them is buffered in channels.
    held: Held,
    /// Events that were handed out and not yet released.
    pub(crate) unreleased: usize,
    /// Whether the disconnect event was made.
    pub(crate) end_reported: bool,
    /// Whether the peer stands in the host's dispatch queue.
    pub(crate) dispatched: bool,
    /// Whether another datagram should follow in the same pass.
    pub(crate) more: bool,
    /// When the host's timer for this peer rings.
    pub(crate) timer: Option<Time>,
    /// What the remote may still send: datagrams, and bytes.
    pub(crate) quota: [TokenBucket; 2],
}

impl Peer {
    /// A peer with ENet's initial values, state aside.
    pub(crate) fn new(
        id: PeerId,
        address: SocketAddr,
        state: PeerState,
        sessions: Sessions,
        config: &HostConfig,
    ) -> Self {
        let mut throttle = Throttle::default();
        throttle.set_enabled(config.throttle_enabled);
        Self {
            id,
            label: id.slot,
            state,
            address,
            unlocated: false,
            attempt_limit: config.peer_times.connect_timeout,
            attempt_end: None,
            admitted: false,
            remote_id: PROTOCOL_MAXIMUM_PEER_ID,
            sessions,
            connect_id: [0; 4],
            asking: Asking::default(),
            data: 0,
            cause: DisconnectCause::Remote,
            mtu: config.mtu,
            path_mtu: config.probes_paths().then(PathMtu::default),
            channels: ChannelTable::default(),
            queues: OutgoingQueues::default(),
            acknowledgements: VecDeque::new(),
            unacknowledged_control: NumberIndex::default(),
            control_number: 0,
            first_control_number: 1,
            outgoing_group: 0,
            unsequenced: UnsequencedWindow::default(),
            incoming_control_number: 0,
            recovery: RecoveryState::new(config),
            round_trip: RoundTrip::default(),
            throttle,
            loss: Loss::default(),
            traffic: Traffic::default(),
            ping_interval: config.peer_times.or_defaults().ping_interval,
            last_receive: Millis(0),
            last_send: Millis(0),
            dropped_by_throttle: 0,
            dropped_by_bandwidth: 0,
            vanilla_quirks: config.vanilla_quirks,
            incoming_bandwidth: 0,
            outgoing_bandwidth: 0,
            incoming_total: 0,
            outgoing_total: 0,
            ready: VecDeque::new(),
            waiting: 0,
            counted: 0,
            held: Held::default(),
            unreleased: 0,
            end_reported: false,
            dispatched: false,
            more: false,
            timer: None,
            quota: rates(&config.limits)
                .map(|(rate, burst)| TokenBucket::new(rate, burst, Time::ZERO)),
        }
    }

    /// Lets the remote send what `limits` allow, from now on. What it used up of its rates stays used up.
    pub(crate) fn set_quota(&mut self, limits: &Limits, now: Time) {
        for (bucket, (rate, burst)) in self.quota.iter_mut().zip(rates(limits)) {
            bucket.change(rate, burst, now);
        }
    }

    /// When the attempt to connect is given up; the first call of an attempt begins its time.
    pub(crate) fn attempt_end(&mut self, now: Time) -> Option<Time> {
        if self.state != PeerState::Connecting {
            return None;
        }
        let limit = self.attempt_limit?;
        Some(*self.attempt_end.get_or_insert(now + limit))
    }

    /// Whether data flows: connected, or connected and leaving later.
    pub(crate) const fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// Commands that have not been sent, or not been acknowledged.
    pub(crate) fn commands_queued(&self) -> usize {
        self.queues.len()
    }

    /// Whether nothing is queued and nothing awaits an acknowledgement.
    pub(crate) fn is_drained(&self) -> bool {
        self.queues.all_empty()
    }

    /// Whether acknowledgements are owed, or what was queued with `stamp` or before has not left yet.
    pub(crate) fn owes_since(&self, stamp: u32) -> bool {
        let is_old = |key| !Millis(stamp).before(Millis(self.queues.get(key).stamp));
        !self.acknowledgements.is_empty()
            || [Queue::Control, Queue::Reliable]
                .into_iter()
                .filter_map(|queue| self.queues.first(queue))
                .chain(self.queues.backlog_heads().map(|(_, key)| key))
                .any(is_old)
    }

    /// Drops the packets that the application has not taken.
    pub(crate) fn clear_ready(&mut self) {
        let bytes: usize = self
            .ready
            .drain(..)
            .map(|received| received.packet.len())
            .sum();
        self.waiting = self.waiting.saturating_sub(bytes);
    }

    /// Empties the queues and channels, as every disconnect does; packets ready for the application stay.
    pub(crate) fn clear_queues(&mut self) {
        self.queues.clear();
        if let Some(fast) = &mut self.recovery.fast {
            fast.clear();
        }
        self.unacknowledged_control = NumberIndex::default();
        self.acknowledgements.clear();
        self.channels.clear();
        self.waiting = self
            .waiting
            .saturating_sub(std::mem::take(&mut self.held).bytes);
    }

    /// Queues the acknowledgement of a command that was handled, unless this state gives none.
    ///
    /// Source: `enet_peer_queue_acknowledgement` and `enet_protocol_handle_incoming_commands`, ENet 1.3.18.
    pub(crate) fn acknowledge(&mut self, header: CommandHeader, kind: CommandKind, sent_time: u16) {
        use crate::channel::Range;
        let silent = match self.state {
            PeerState::Disconnected
            | PeerState::AcknowledgingConnect
            | PeerState::Disconnecting
            | PeerState::Zombie => true,
            PeerState::AcknowledgingDisconnect => kind != CommandKind::Disconnect,
            PeerState::Connecting | PeerState::Connected | PeerState::DisconnectLater => false,
        };
        let too_far =
            self.channels.range_of(header.channel_id, header.number) == Some(Range::TooFar);
        if silent || too_far {
            return;
        }
        self.outgoing_total = self.outgoing_total.wrapping_add(8);
        let CommandHeader {
            channel_id, number, ..
        } = header;
        self.acknowledgements.push_back(Acknowledgement {
            kind,
            channel_id,
            number,
            sent_time,
        });
    }

    /// Drops the CONNECT that VERIFY_CONNECT answers, wherever it waits.
    pub(crate) fn forget_connect(&mut self) {
        if let Some(key) = self.unacknowledged_control.get(self.first_control_number) {
            if let Some(fast) = &mut self.recovery.fast {
                fast.answered_otherwise(self.queues.get(key));
            }
            self.forget(key);
        }
    }

    /// Sets the number of the first command on the control channel, before there is one.
    pub(crate) const fn begin_control(&mut self, first: u16) {
        self.first_control_number = first;
        self.control_number = first.wrapping_sub(1);
    }

    /// Forgets that we asked for the connection, to do it anew with these values. Settings stay; what was queued meanwhile
    /// goes, and lies in the next CONNECT.
    pub(crate) fn ask_anew(&mut self, connect_id: [u8; 4], sessions: Sessions, first: u16) {
        let channel_count = self.channels.count();
        self.clear_queues();
        self.channels.set_count(channel_count);
        self.recovery.vanilla = recovery::Timers::default();
        self.connect_id = connect_id;
        self.sessions = sessions;
        self.incoming_control_number = 0;
        self.begin_control(first);
    }

    /// Makes up for what was done without a peer: its address was challenged at `at` by the commands up to `number` on
    /// our control channel, and proven at `now`. The round trip counts from the true time, not from the one in the header.
    pub(crate) fn proven(&mut self, number: u16, at: Millis, now: Millis) {
        self.control_number = number;
        let verification = u32::try_from(CommandKind::VerifyConnect.size());
        self.outgoing_total = verification.expect("44");
        self.loss.sent = 1;
        self.loss.update(at);
        self.last_send = at;
        self.recovery.vanilla.next_timeout = at.plus(self.round_trip.retransmission_timeout());
        let sample = now.age(at).max(1);
        self.sample(now, sample);
        if let Some(fast) = &mut self.recovery.fast {
            fast.sampled(Duration::from_millis(sample.into()));
        }
    }

    /// Takes the next number of our control channel.
    pub(crate) const fn next_control_number(&mut self) -> u16 {
        self.control_number = self.control_number.wrapping_add(1);
        self.control_number
    }

    /// Whether the application should be asked to take something.
    pub(crate) fn has_news(&self) -> bool {
        !self.ready.is_empty() || (self.state == PeerState::Zombie && !self.end_reported)
    }

    /// The event that tells of the end, once.
    pub(crate) const fn report_end(&mut self) -> Event {
        self.end_reported = true;
        Event::Disconnect {
            peer: self.id,
            data: self.data,
            cause: self.cause,
        }
    }
}

/// What a remote may send, as rate and burst: datagrams, and bytes.
fn rates(limits: &Limits) -> [(u32, u32); 2] {
    [
        (limits.datagrams_per_peer, 1),
        // What can never be there at once would keep the largest datagrams out for good.
        (limits.bytes_per_peer, PROTOCOL_MAXIMUM_MTU),
    ]
    .map(|(rate, least)| (rate, rate.max(least)))
}

/// Appends an unflagged DISCONNECT with this number of the control channel.
pub(crate) fn write_goodbye(number: u16, data: u32, out: &mut Vec<u8>) {
    let header = CommandHeader {
        acknowledge: false,
        unsequenced: true,
        number,
        ..CommandHeader::CONTROL
    };
    Command::Disconnect { data }.encode(header, out);
}
