//! Recovery from loss, and how much may be in flight: the seam between a peer and its strategy.
//!
//! The rest of a [`Peer`] asks whether a command may leave and tells that one left ([`Peer::transmitted`]), that an
//! acknowledgement came ([`Peer::acknowledged`]) and that time passed ([`Peer::expire`], [`Peer::deadline`]). What
//! follows from that is up to the strategy of the host: ENet's own in `vanilla`, or the one in `fast`. Both speak the
//! same wire to the same receivers.

mod bandwidth;
mod begun;
mod congestion;
mod fast;
mod ledger;
mod loss;
mod pacing;
mod redundancy;
mod resend;
mod round_trip;
mod vanilla;

pub(crate) use fast::Fast;
pub(in crate::peer) use fast::is_small;
pub(in crate::peer) use vanilla::Timers;

use super::outgoing::{Key, Queue};
use super::{Peer, PeerState};
use crate::config::HostConfig;
use crate::consts::PROTOCOL_MAXIMUM_WINDOW_SIZE;
use crate::time::{Millis, Time};
use crate::times::PeerTimes;
use crate::wire::{CONTROL_CHANNEL, Command, CommandKind};

/// How a host recovers from loss and how fast it sends; it may differ between the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Recovery {
    /// Loss is found by gaps in the acknowledgements, small packets ride along twice where the path loses, and the rate
    /// follows a model of the path.
    #[default]
    Fast,
    /// As ENet 1.3.18: a timeout for each command that doubles, and a window of at most 64 KiB.
    Vanilla,
}

/// The part of a peer that its strategy works with.
#[derive(Debug)]
pub(crate) struct RecoveryState {
    /// Payload bytes of reliable commands that await their acknowledgement.
    pub(crate) in_transit: u32,
    /// ENet's byte budget for those, before the throttle.
    pub(crate) window_size: u32,
    pub(crate) timeout_limit: u32,
    pub(crate) timeout_minimum: u32,
    pub(crate) timeout_maximum: u32,
    /// ENet's timers, idle in the fast strategy.
    pub(in crate::peer) vanilla: vanilla::Timers,
    /// The fast strategy, if the host uses it.
    pub(crate) fast: Option<Box<Fast>>,
}

impl RecoveryState {
    pub(crate) fn new(config: &HostConfig) -> Self {
        let mut state = Self {
            in_transit: 0,
            window_size: PROTOCOL_MAXIMUM_WINDOW_SIZE,
            timeout_limit: 0,
            timeout_minimum: 0,
            timeout_maximum: 0,
            vanilla: vanilla::Timers::default(),
            fast: (config.recovery == Recovery::Fast).then(Box::default),
        };
        state.set_timeouts(config.peer_times);
        state
    }

    /// Takes over the timeouts of `times`.
    pub(crate) const fn set_timeouts(&mut self, times: PeerTimes) {
        let times = times.or_defaults();
        self.timeout_limit = times.timeout_limit;
        self.timeout_minimum = times.timeout_minimum;
        self.timeout_maximum = times.timeout_maximum;
    }
}

/// What a look at the timers found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liveness {
    Alive,
    Dead,
}

/// An acknowledgement echoes a moment that has not come yet.
#[derive(Debug)]
pub(crate) struct EchoFromTheFuture;

impl Peer {
    /// Books the departure of a command that wants an acknowledgement, in the datagram `datagram` of the ledger.
    pub(super) fn transmitted(&mut self, key: Key, now: Time, datagram: u64) {
        let item = self.queues.get_mut(key);
        item.transmitted(super::outgoing::Transmission { at: now, datagram });
        let (header, is_first) = (item.header, item.attempts == 1);
        if is_first
            && let Command::SendFragment(fragment) = &item.command
            && let Some(fast) = &mut self.recovery.fast
        {
            fast.begun(header.channel_id, fragment);
        }
        self.traffic.commands_resent += u64::from(!is_first);
        self.recovery.in_transit += u32_len(item.payload.len());
        if is_first
            && self.channels.contains(header.channel_id)
            && let Some(channel) = self.channels.used(header.channel_id)
        {
            channel.enter_window(header.number);
        }
        if self.recovery.fast.is_some() {
            self.fast_transmitted(key);
        } else {
            self.vanilla_transmitted(key, now.millis());
        }
        self.queues.move_to_back(key, Queue::Sent);
    }

    /// Takes in an acknowledgement of command `number` on `channel_id`, with the sent time it echoes. Returns the kind
    /// of the command it confirms; `Ok(None)` if it confirms nothing, `Err` if it is from the future and void.
    ///
    /// Source: `enet_protocol_handle_acknowledge`, ENet 1.3.18 `protocol.c`. Differs, unless `vanilla_quirks`: an
    /// acknowledgement that matches nothing changes nothing.
    pub(crate) fn acknowledged(
        &mut self,
        now: Time,
        channel_id: u8,
        number: u16,
        echo: u16,
        vanilla_quirks: bool,
    ) -> Result<Option<CommandKind>, EchoFromTheFuture> {
        let millis = now.millis();
        let sent_at = millis.rebuild(echo).ok_or(EchoFromTheFuture)?;
        if self.probe_acknowledged(now, channel_id, number, echo) {
            return Ok(Some(CommandKind::Ping));
        }
        let key = self.unacknowledged(channel_id, number);
        if key.is_some() || vanilla_quirks {
            self.sample(millis, millis.age(sent_at).max(1));
        }
        let Some(key) = key else {
            if let Some(fast) = &mut self.recovery.fast {
                fast.repeated_acknowledgement(sent_at);
            }
            return Ok(None);
        };
        if self.recovery.fast.is_some() {
            self.fast_acknowledged(key, now, echo);
        }
        let was_sent = self.queues.queue_of(key) == Queue::Sent;
        let item = self.queues.get(key);
        let (kind, len) = (item.command.kind(), u32_len(item.payload.len()));
        self.forget(key);
        if was_sent {
            self.recovery.in_transit = self.recovery.in_transit.saturating_sub(len);
        }
        if self.recovery.fast.is_none() {
            self.aim_at_first_sent();
        }
        Ok(Some(kind))
    }

    /// Looks at the timers: prepares what timed out to be sent again, or finds the peer dead.
    pub(crate) fn expire(&mut self, now: Time) -> Liveness {
        if self.recovery.fast.is_some() {
            self.fast_expire(now)
        } else {
            self.vanilla_expire(now.millis())
        }
    }

    /// When [`expire`](Self::expire), a ping, a probe of the path or the next departure is due.
    pub(crate) fn deadline(&self, now: Time) -> Option<Time> {
        let own = self.queue_deadline(now);
        own.into_iter().chain(self.path_deadline()).min()
    }

    fn queue_deadline(&self, now: Time) -> Option<Time> {
        if let Some(fast) = &self.recovery.fast
            && !self.queues.all_empty()
        {
            return fast.deadline(self, now);
        }
        if !self.queues.is_empty(Queue::Sent) {
            return Some(now.when(self.recovery.vanilla.next_timeout));
        }
        let quiet = now.millis().age(self.last_receive);
        (self.state == PeerState::Connected).then(|| {
            Time::from_millis(now.as_millis() + u64::from(self.ping_interval.saturating_sub(quiet)))
        })
    }

    /// Removes a command that needs no acknowledgement any more.
    pub(crate) fn forget(&mut self, key: Key) {
        let item = self.queues.get(key);
        let (channel_id, number) = (item.header.channel_id, item.header.number);
        if channel_id == CONTROL_CHANNEL {
            self.unacknowledged_control.remove(number);
        } else if let Some(channel) = self.channels.used(channel_id) {
            channel.unacknowledged.remove(number);
            channel.leave_window(number);
        }
        if let Command::SendFragment(fragment) = &item.command
            && let Some(fast) = &mut self.recovery.fast
        {
            fast.completed(channel_id, fragment);
        }
        self.queues.remove(key);
    }

    /// The command with this number that was sent at least once and not acknowledged.
    fn unacknowledged(&mut self, channel_id: u8, number: u16) -> Option<Key> {
        let index = match channel_id {
            CONTROL_CHANNEL => &self.unacknowledged_control,
            _ => &self.channels.used(channel_id)?.unacknowledged,
        };
        index
            .get(number)
            .filter(|&key| self.queues.get(key).attempts > 0)
    }

    /// Moves ENet's estimates towards a round trip of `sample` ms, and ends the silence.
    pub(in crate::peer) fn sample(&mut self, now: Millis, sample: u32) {
        if self.last_receive == Millis(0) {
            self.round_trip.begin(sample);
        } else {
            if self.recovery.fast.is_none() {
                self.throttle.step(sample);
            }
            self.round_trip.update(sample);
        }
        self.throttle.record(now, self.round_trip);
        self.last_receive = Millis(now.0.max(1));
        self.recovery.vanilla.earliest_timeout = None;
    }
}

fn u32_len(len: usize) -> u32 {
    u32::try_from(len).expect("a command's payload length is a 16-bit field")
}
