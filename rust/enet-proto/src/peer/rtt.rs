//! [`RoundTrip`]: the estimator every timeout and the throttle live on.

use crate::consts::PEER_DEFAULT_ROUND_TRIP_TIME;

/// Smoothed round-trip time and its variance in ms, with ENet's integer arithmetic.
///
/// Source: `enet_protocol_handle_acknowledge`, ENet 1.3.18 `protocol.c`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundTrip {
    pub(crate) mean: u32,
    pub(crate) variance: u32,
}

impl Default for RoundTrip {
    fn default() -> Self {
        Self {
            mean: PEER_DEFAULT_ROUND_TRIP_TIME,
            variance: 0,
        }
    }
}

impl RoundTrip {
    /// Starts over from the first sample.
    pub(crate) const fn begin(&mut self, sample: u32) {
        self.mean = sample;
        self.variance = sample.div_ceil(2);
    }

    /// Moves towards `sample`.
    pub(crate) const fn update(&mut self, sample: u32) {
        self.variance -= self.variance / 4;
        let difference = self.mean.abs_diff(sample);
        self.variance += difference / 4;
        if sample >= self.mean {
            self.mean += difference / 8;
        } else {
            self.mean -= difference / 8;
        }
    }

    /// How long a command sent now may stay unacknowledged, in ms; no bounds.
    pub(crate) const fn retransmission_timeout(&self) -> u32 {
        self.mean + 4 * self.variance
    }
}
