//! [`PathRoundTrip`]: the round-trip estimate of the fast strategy, in microseconds.

use std::time::Duration;

/// Round trip assumed before the first sample, as ENet does.
const UNKNOWN: Duration = Duration::from_millis(500);
/// What a timeout allows for clocks and schedulers even where round trips do not vary.
const GRANULARITY: Duration = Duration::from_millis(5);

/// A peak loses this part of itself with each sample.
const PEAK_FADE: u32 = 64;

/// Smoothed round trip, its mean deviation and its recent peak.
///
/// Source: RFC 9002, section 5.3. Differs: the peak counts too. The mean deviation of sparse traffic wanders, and where
/// it dips below the jitter of the path, every probe is one too many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathRoundTrip {
    sampled: bool,
    pub(super) smoothed: Duration,
    deviation: Duration,
    /// How far above the smoothed round trip recent samples were; fades.
    peak: Duration,
}

impl Default for PathRoundTrip {
    fn default() -> Self {
        Self {
            sampled: false,
            smoothed: UNKNOWN,
            deviation: Duration::ZERO,
            peak: Duration::ZERO,
        }
    }
}

impl PathRoundTrip {
    pub(super) fn update(&mut self, sample: Duration) {
        if !self.sampled {
            *self = Self {
                sampled: true,
                smoothed: sample,
                deviation: sample / 2,
                peak: Duration::ZERO,
            };
            return;
        }
        self.deviation = (self.deviation * 3 + self.smoothed.abs_diff(sample)) / 4;
        self.peak = sample
            .saturating_sub(self.smoothed)
            .max(self.peak - self.peak / PEAK_FADE);
        self.smoothed = (self.smoothed * 7 + sample) / 8;
    }

    /// How long after its departure the acknowledgement of a command is overdue: RFC 9002's probe timeout.
    pub(super) fn probe_timeout(&self) -> Duration {
        if !self.sampled {
            return UNKNOWN;
        }
        self.smoothed + (self.deviation * 4).max(self.peak * 5 / 4).max(GRANULARITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_sample_starts_the_estimate_and_later_ones_move_it() {
        let mut estimate = PathRoundTrip::default();
        assert_eq!(estimate.probe_timeout(), UNKNOWN);
        estimate.update(Duration::from_millis(100));
        assert_eq!(estimate.probe_timeout(), Duration::from_millis(300));
        for _ in 0..100 {
            estimate.update(Duration::from_millis(80));
        }
        let timeout = estimate.probe_timeout();
        assert!(timeout >= Duration::from_millis(85) && timeout < Duration::from_millis(86));
    }
}
