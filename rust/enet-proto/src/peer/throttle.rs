//! [`Throttle`]: the share of traffic a congested path gets. [`Loss`]: the loss statistic beside it.

use crate::consts::{
    PEER_DEFAULT_PACKET_THROTTLE, PEER_DEFAULT_ROUND_TRIP_TIME, PEER_PACKET_LOSS_INTERVAL,
    PEER_PACKET_LOSS_SCALE, PEER_PACKET_THROTTLE_ACCELERATION, PEER_PACKET_THROTTLE_COUNTER,
    PEER_PACKET_THROTTLE_DECELERATION, PEER_PACKET_THROTTLE_INTERVAL, PEER_PACKET_THROTTLE_SCALE,
};
use crate::peer::rtt::RoundTrip;
use crate::time::Millis;

/// ENet's packet throttle, 0..=32: it falls when round trips grow, scales the reliable window and drops unreliable
/// packets.
///
/// Source: `enet_peer_throttle` and `enet_protocol_handle_acknowledge`, ENet 1.3.18.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throttle {
    /// Whether it falls with round trips and drops anything.
    enabled: bool,
    pub(crate) value: u32,
    /// What the bandwidth throttle allows.
    pub(crate) limit: u32,
    pub(crate) counter: u32,
    pub(crate) interval: u32,
    pub(crate) acceleration: u32,
    pub(crate) deceleration: u32,
    /// Start of the running interval; `None` before the first sample.
    pub(crate) epoch: Option<Millis>,
    /// Best round trip and worst variance of the interval before, and of the running one.
    pub(crate) last: RoundTrip,
    pub(crate) running: RoundTrip,
}

impl Default for Throttle {
    fn default() -> Self {
        let unknown = RoundTrip {
            mean: PEER_DEFAULT_ROUND_TRIP_TIME,
            variance: 0,
        };
        Self {
            enabled: true,
            value: PEER_DEFAULT_PACKET_THROTTLE,
            limit: PEER_PACKET_THROTTLE_SCALE,
            counter: 0,
            interval: PEER_PACKET_THROTTLE_INTERVAL,
            acceleration: PEER_PACKET_THROTTLE_ACCELERATION,
            deceleration: PEER_PACKET_THROTTLE_DECELERATION,
            epoch: None,
            last: unknown,
            running: unknown,
        }
    }
}

impl Throttle {
    /// Adjusts the throttle to a round-trip sample.
    pub(crate) fn step(&mut self, sample: u32) {
        if !self.enabled || self.last.mean <= self.last.variance {
            self.value = self.limit;
        } else if sample <= self.last.mean {
            self.value = self.value.saturating_add(self.acceleration).min(self.limit);
        } else if sample > self.last.mean.saturating_add(2 * self.last.variance) {
            self.value = self.value.saturating_sub(self.deceleration);
        }
    }

    /// Enters the estimate after a sample into the running interval, and begins a new one when it is over.
    pub(crate) fn record(&mut self, now: Millis, estimate: RoundTrip) {
        self.running.mean = self.running.mean.min(estimate.mean);
        self.running.variance = self.running.variance.max(estimate.variance);
        if self
            .epoch
            .is_none_or(|epoch| now.age(epoch) >= self.interval)
        {
            self.last = RoundTrip {
                variance: self.running.variance.max(1),
                ..self.running
            };
            self.running = estimate;
            self.epoch = Some(now);
        }
    }

    /// Sets how the throttle reacts.
    pub(crate) const fn configure(&mut self, interval: u32, acceleration: u32, deceleration: u32) {
        (self.interval, self.acceleration, self.deceleration) =
            (interval, acceleration, deceleration);
    }

    /// Lowers the limit, and the throttle with it.
    pub(crate) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
        self.value = self.value.min(limit);
    }

    /// Turns it on or off.
    pub(crate) const fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
        if !enabled {
            self.value = self.limit;
        }
    }

    /// Why the next unreliable packet is to be dropped, if it is.
    pub(crate) const fn drops_next(&mut self) -> Option<ThrottleCause> {
        self.counter = (self.counter + PEER_PACKET_THROTTLE_COUNTER) % PEER_PACKET_THROTTLE_SCALE;
        if !self.enabled || self.counter <= self.value {
            None
        } else if self.counter > self.limit {
            Some(ThrottleCause::Bandwidth)
        } else {
            Some(ThrottleCause::RoundTrip)
        }
    }
}

/// Why an unreliable packet was dropped before it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThrottleCause {
    /// Round trips had grown.
    RoundTrip,
    /// The bandwidth of one of the two sides was used up.
    Bandwidth,
}

/// Packet loss over intervals of ten seconds, of [`PEER_PACKET_LOSS_SCALE`].
///
/// Source: `enet_protocol_send_outgoing_commands`, ENet 1.3.18 `protocol.c`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loss {
    pub(crate) mean: u32,
    pub(crate) variance: u32,
    pub(crate) sent: u32,
    pub(crate) lost: u32,
    pub(crate) epoch: Option<Millis>,
}

impl Loss {
    /// Ends the interval if it is over; called when a datagram is about to leave.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "ENet computes the ratio in 32 bits; more lost than sent wraps"
    )]
    pub(crate) fn update(&mut self, now: Millis) {
        let Some(epoch) = self.epoch else {
            self.epoch = Some(now);
            return;
        };
        if now.age(epoch) < PEER_PACKET_LOSS_INTERVAL || self.sent == 0 {
            return;
        }
        let ratio = (u64::from(self.lost) * u64::from(PEER_PACKET_LOSS_SCALE)
            / u64::from(self.sent)) as u32;
        self.variance =
            ((u64::from(self.variance) * 3 + u64::from(ratio.abs_diff(self.mean))) / 4) as u32;
        self.mean = ((u64::from(self.mean) * 7 + u64::from(ratio)) / 8) as u32;
        *self = Self {
            mean: self.mean,
            variance: self.variance,
            sent: 0,
            lost: 0,
            epoch: Some(now),
        };
    }
}
