//! ENet's own strategy: each command has a timeout that doubles, and a byte budget scaled by the throttle bounds what
//! is in flight. The recordings replay against it bit for bit.

use super::Liveness;
use crate::peer::Peer;
use crate::peer::outgoing::{Key, Queue};
use crate::time::Millis;

/// ENet's two timers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timers {
    /// When the oldest sent command times out; holds while any is sent and not acknowledged.
    pub(crate) next_timeout: Millis,
    /// When the oldest command of the present silence was sent.
    pub(crate) earliest_timeout: Option<Millis>,
}

impl Peer {
    /// Whether the byte budget has room for `len` more bytes of reliable payload.
    pub(in crate::peer) fn vanilla_may_transmit(&self, len: usize) -> bool {
        let window = self.throttle.value.wrapping_mul(self.recovery.window_size) / 32;
        self.recovery.in_transit as usize + len <= window.max(self.mtu) as usize
    }

    pub(super) fn vanilla_transmitted(&mut self, key: Key, now: Millis) {
        let item = self.queues.get_mut(key);
        if item.timeout == 0 {
            item.timeout = self.round_trip.retransmission_timeout();
        }
        let timeout = item.timeout;
        if self.queues.is_empty(Queue::Sent) {
            self.recovery.vanilla.next_timeout = now.plus(timeout);
        }
    }

    /// Resends what timed out by moving it to the front of its queue, unless the silence is over the limit.
    ///
    /// Source: `enet_protocol_check_timeouts`, ENet 1.3.18 `protocol.c`.
    pub(super) fn vanilla_expire(&mut self, now: Millis) -> Liveness {
        let due = self.recovery.vanilla.next_timeout;
        if self.queues.is_empty(Queue::Sent) || now.before(due) {
            return Liveness::Alive;
        }
        let mut overdue = Vec::new();
        let mut cursor = self.queues.first(Queue::Sent);
        while let Some(key) = cursor {
            cursor = self.queues.next(key);
            let item = self.queues.get_mut(key);
            let sent_at = item.last.at.millis();
            if now.age(sent_at) < item.timeout {
                continue;
            }
            let timers = &mut self.recovery.vanilla;
            let earliest = timers
                .earliest_timeout
                .filter(|&earliest| !sent_at.before(earliest))
                .unwrap_or(sent_at);
            timers.earliest_timeout = Some(earliest);
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
            self.traffic.commands_lost += 1;
            item.timeout = item.timeout.saturating_mul(2);
            overdue.push(key);
        }
        self.send_again_first(&overdue);
        self.aim_at_first_sent();
        Liveness::Alive
    }

    pub(super) fn aim_at_first_sent(&mut self) {
        if let Some(key) = self.queues.first(Queue::Sent) {
            let first = self.queues.get(key);
            self.recovery.vanilla.next_timeout = first.last.at.millis().plus(first.timeout);
        }
    }
}
