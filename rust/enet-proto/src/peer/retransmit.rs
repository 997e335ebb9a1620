//! Recovery from loss and the budget of what may be in flight, as ENet does it: [`Recovery`] and the methods of
//! [`Peer`] that move commands between "queued" and "sent".
//!
//! This is the seam for another strategy: nothing outside asks more than whether a command may leave
//! ([`Peer::may_transmit`]), and tells more than that one left ([`Peer::transmitted`]), was acknowledged
//! ([`Peer::acknowledged`]) or that a deadline passed ([`Peer::expire`]).

use super::outgoing::{Key, Queue};
use super::{Peer, PeerState};
use crate::consts::{
    PEER_TIMEOUT_LIMIT, PEER_TIMEOUT_MAXIMUM, PEER_TIMEOUT_MINIMUM, PROTOCOL_MAXIMUM_WINDOW_SIZE,
};
use crate::time::{Millis, Time};
use crate::wire::{CONTROL_CHANNEL, CommandKind};

/// State of ENet's own strategy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery {
    /// Payload bytes of reliable commands that await their acknowledgement.
    pub(crate) in_transit: u32,
    /// Byte budget for those, before the throttle.
    pub(crate) window_size: u32,
    /// When the oldest sent command times out; holds while any is sent and not acknowledged.
    pub(crate) next_timeout: Millis,
    /// When the oldest command of the present silence was sent.
    pub(crate) earliest_timeout: Option<Millis>,
    pub(crate) timeout_limit: u32,
    pub(crate) timeout_minimum: u32,
    pub(crate) timeout_maximum: u32,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            in_transit: 0,
            window_size: PROTOCOL_MAXIMUM_WINDOW_SIZE,
            next_timeout: Millis(0),
            earliest_timeout: None,
            timeout_limit: PEER_TIMEOUT_LIMIT,
            timeout_minimum: PEER_TIMEOUT_MINIMUM,
            timeout_maximum: PEER_TIMEOUT_MAXIMUM,
        }
    }
}

/// What a scan for timeouts found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liveness {
    Alive,
    Dead,
}

impl Peer {
    /// Whether the byte budget has room for `len` more bytes of reliable payload.
    pub(super) fn may_transmit(&self, len: usize) -> bool {
        let window = self.throttle.value.wrapping_mul(self.recovery.window_size) / 32;
        self.recovery.in_transit as usize + len <= window.max(self.mtu) as usize
    }

    /// Books the transmission of a command that wants an acknowledgement.
    pub(super) fn transmitted(&mut self, key: Key, now: Millis) {
        let item = self.queues.get_mut(key);
        let channel_id = item.header.channel_id;
        if item.attempts == 0
            && self.channels.contains(channel_id)
            && let Some(channel) = self.channels.used(channel_id)
        {
            channel.enter_window(item.header.number);
        }
        item.attempts += 1;
        if item.timeout == 0 {
            item.timeout = self.round_trip.retransmission_timeout();
        }
        item.sent_at = now;
        self.recovery.in_transit += u32_len(item.payload.len());
        if self.queues.is_empty(Queue::Sent) {
            self.recovery.next_timeout = now.plus(self.queues.get(key).timeout);
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
        now: Millis,
        channel_id: u8,
        number: u16,
        echo: u16,
        vanilla_quirks: bool,
    ) -> Result<Option<CommandKind>, EchoFromTheFuture> {
        let sent_at = now.rebuild(echo).ok_or(EchoFromTheFuture)?;
        let key = self.unacknowledged(channel_id, number);
        if key.is_some() || vanilla_quirks {
            self.sample(now, now.age(sent_at).max(1));
        }
        let Some(key) = key else { return Ok(None) };
        let was_sent = self.queues.queue_of(key) == Queue::Sent;
        let item = self.forget(key);
        if was_sent {
            self.recovery.in_transit = self
                .recovery
                .in_transit
                .saturating_sub(u32_len(item.payload.len()));
        }
        self.aim_at_first_sent();
        Ok(Some(item.command.kind()))
    }

    /// Resends what timed out by moving it to the front of its queue, unless the silence is over the limit.
    ///
    /// Source: `enet_protocol_check_timeouts`, ENet 1.3.18 `protocol.c`.
    pub(crate) fn expire(&mut self, now: Millis) -> Liveness {
        if self.queues.is_empty(Queue::Sent) || now.before(self.recovery.next_timeout) {
            return Liveness::Alive;
        }
        let (mut control, mut reliable) = (Vec::new(), Vec::new());
        let mut cursor = self.queues.first(Queue::Sent);
        while let Some(key) = cursor {
            cursor = self.queues.next(key);
            let item = self.queues.get_mut(key);
            if now.age(item.sent_at) < item.timeout {
                continue;
            }
            let earliest = self
                .recovery
                .earliest_timeout
                .filter(|&earliest| !item.sent_at.before(earliest));
            let earliest = earliest.unwrap_or(item.sent_at);
            self.recovery.earliest_timeout = Some(earliest);
            let silence = now.age(earliest);
            // ENet compares 2^(attempts - 1); from 32 on that is more than any limit.
            let backed_off = 1u32
                .checked_shl(item.attempts - 1)
                .is_none_or(|factor| factor >= self.recovery.timeout_limit);
            if silence >= self.recovery.timeout_maximum
                || (backed_off && silence >= self.recovery.timeout_minimum)
            {
                return Liveness::Dead;
            }
            self.loss.lost += 1;
            item.timeout = item.timeout.saturating_mul(2);
            if item.has_packet() {
                self.recovery.in_transit = self
                    .recovery
                    .in_transit
                    .saturating_sub(u32_len(item.payload.len()));
                reliable.push(key);
            } else {
                control.push(key);
            }
        }
        self.queues.move_to_front(&control, Queue::Control);
        self.queues.move_to_front(&reliable, Queue::Reliable);
        self.aim_at_first_sent();
        Liveness::Alive
    }

    /// When [`expire`](Self::expire) or a ping is due.
    pub(crate) fn deadline(&self, now: Time) -> Option<Time> {
        if !self.queues.is_empty(Queue::Sent) {
            return Some(now.when(self.recovery.next_timeout));
        }
        let quiet = now.millis().age(self.last_receive);
        (self.state == PeerState::Connected).then(|| {
            Time::from_millis(now.as_millis() + u64::from(self.ping_interval.saturating_sub(quiet)))
        })
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

    /// Removes a command that needs no acknowledgement any more.
    pub(crate) fn forget(&mut self, key: Key) -> super::outgoing::Outgoing {
        let item = self.queues.remove(key);
        let (channel_id, number) = (item.header.channel_id, item.header.number);
        if channel_id == CONTROL_CHANNEL {
            self.unacknowledged_control.remove(number);
        } else if let Some(channel) = self.channels.used(channel_id) {
            channel.unacknowledged.remove(number);
            channel.leave_window(number);
        }
        item
    }

    /// Moves the estimates towards a round trip of `sample` ms, and ends the silence.
    pub(super) fn sample(&mut self, now: Millis, sample: u32) {
        if self.last_receive == Millis(0) {
            self.round_trip.begin(sample);
        } else {
            self.throttle.step(sample);
            self.round_trip.update(sample);
        }
        self.throttle.record(now, self.round_trip);
        self.last_receive = Millis(now.0.max(1));
        self.recovery.earliest_timeout = None;
    }

    fn aim_at_first_sent(&mut self) {
        if let Some(key) = self.queues.first(Queue::Sent) {
            let first = self.queues.get(key);
            self.recovery.next_timeout = first.sent_at.plus(first.timeout);
        }
    }
}

/// An acknowledgement echoes a moment that has not come yet.
#[derive(Debug)]
pub(crate) struct EchoFromTheFuture;

fn u32_len(len: usize) -> u32 {
    u32::try_from(len).expect("a command's payload length is a 16-bit field")
}
