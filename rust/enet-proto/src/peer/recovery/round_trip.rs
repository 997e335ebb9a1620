//! [`PathRoundTrip`]: the round-trip estimate of the fast strategy.

use std::time::Duration;

/// Round trip assumed before the first sample, as ENet does.
const UNKNOWN: Duration = Duration::from_millis(500);
/// What a timeout allows for clocks and schedulers even where round trips do not vary.
const GRANULARITY: Duration = Duration::from_millis(5);

/// A peak loses this part of itself with each sample.
const PEAK_FADE: u64 = 64;

/// Smoothed round trip, its mean deviation and its recent peak.
///
/// Source: RFC 9002, section 5.3. Differs: the peak counts too. The mean deviation of sparse traffic wanders, and where
/// it dips below the jitter of the path, every probe is one too many.
///
/// Kept in nanoseconds: it moves with each acknowledgement, and a division of a [`Duration`] costs several of integers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathRoundTrip {
    sampled: bool,
    smoothed: u64,
    deviation: u64,
    /// How far above the smoothed round trip recent samples were; fades.
    peak: u64,
}

impl Default for PathRoundTrip {
    fn default() -> Self {
        Self {
            sampled: false,
            smoothed: nanos(UNKNOWN),
            deviation: 0,
            peak: 0,
        }
    }
}

impl PathRoundTrip {
    pub(super) fn update(&mut self, sample: Duration) {
        let sample = nanos(sample);
        if !self.sampled {
            *self = Self {
                sampled: true,
                smoothed: sample,
                deviation: sample / 2,
                peak: 0,
            };
            return;
        }
        self.deviation = (self.deviation * 3 + self.smoothed.abs_diff(sample)) / 4;
        self.peak = sample
            .saturating_sub(self.smoothed)
            .max(self.peak - self.peak / PEAK_FADE);
        self.smoothed = (self.smoothed * 7 + sample) / 8;
    }

    /// The smoothed round trip.
    pub(super) const fn smoothed(&self) -> Duration {
        Duration::from_nanos(self.smoothed)
    }

    /// How long after its departure the acknowledgement of a command is overdue: RFC 9002's probe timeout.
    pub(super) fn probe_timeout(&self) -> Duration {
        if !self.sampled {
            return UNKNOWN;
        }
        let allowance = (self.deviation * 4).max(self.peak * 5 / 4);
        self.smoothed() + Duration::from_nanos(allowance).max(GRANULARITY)
    }
}

/// A sample is an hour at most, so that its multiples stay far below 2^64.
fn nanos(sample: Duration) -> u64 {
    const LONGEST: u64 = 3600 * 1_000_000_000;
    u64::try_from(sample.as_nanos()).map_or(LONGEST, |nanos| nanos.min(LONGEST))
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
