//! [`Pacer`]: spreads departures over time.

use std::time::Duration;

use crate::time::Time;

/// Departures are released in batches of this span, so that timers ring at most once a millisecond; of less where a
/// batch would be more than the largest burst.
const BATCH: Duration = Duration::from_millis(1);
/// What was not sent may be made up for within this span: a driver that looks once a frame still gets its rate.
const CREDIT: Duration = Duration::from_millis(20);
/// The most that leaves at once: a third of what a default socket buffer of 212992 bytes holds in full datagrams.
const LARGEST_BURST_BYTES: f64 = 40_000.0;
/// The longest that what left keeps the next away: a rate that was very low must not hold up a connection for minutes when
/// it rises. ENet lets at least 4096 bytes leave in each round trip, however low the bandwidth.
const LONGEST_DEBT: Duration = Duration::from_secs(1);

/// Lets bytes leave at a rate, in small batches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pacer {
    /// When all that left would have left at an even rate.
    even: Time,
    /// How long the largest burst takes at the present rate.
    burst: Duration,
    /// Until when nothing may leave.
    blocked_until: Option<Time>,
}

impl Pacer {
    /// Whether something may leave now.
    pub(super) fn may_send(&mut self, now: Time) -> bool {
        if self.blocked_until.is_some_and(|until| now < until) {
            return false;
        }
        if self.even <= now {
            self.blocked_until = None;
            return true;
        }
        self.blocked_until = Some(self.even + BATCH.min(self.burst));
        false
    }

    /// Books `bytes` that leave, at `rate` bytes a second.
    pub(super) fn left(&mut self, now: Time, bytes: usize, rate: f64) {
        self.burst = Duration::from_secs_f64(LARGEST_BURST_BYTES / rate);
        let credit = CREDIT.min(self.burst);
        let floor = Time::from_micros(
            now.as_micros()
                .saturating_sub(u64::try_from(credit.as_micros()).unwrap_or(u64::MAX)),
        );
        let even = self.even.max(floor) + Duration::from_secs_f64(bytes as f64 / rate);
        self.even = even.min(now + LONGEST_DEBT);
    }

    /// When something may leave again, if that is not now.
    pub(super) fn release(&self, now: Time) -> Option<Time> {
        self.blocked_until.filter(|&until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_left_at_a_very_low_rate_does_not_keep_the_next_away_for_long() {
        let (mut pacer, start) = (Pacer::default(), Time::from_millis(1000));
        assert!(pacer.may_send(start));
        pacer.left(start, 1392, 2.0);
        assert!(!pacer.may_send(start));
        let release = pacer.release(start).expect("it is held up");
        assert!(
            release <= start + Duration::from_millis(1001),
            "{release:?}"
        );
        assert!(pacer.may_send(release));
    }

    #[test]
    fn a_second_of_sending_carries_the_rate_however_often_the_driver_looks() {
        for step_micros in [100, 1000, 16_000] {
            let (mut pacer, mut bytes, mut largest_burst) = (Pacer::default(), 0, 0);
            for now in
                (1..=1_000_000 / step_micros).map(|step| Time::from_micros(step * step_micros))
            {
                let before = bytes;
                while pacer.may_send(now) {
                    pacer.left(now, 1000, 2e6);
                    bytes += 1000;
                }
                largest_burst = largest_burst.max(bytes - before);
            }
            assert!(
                (1_900_000..2_080_000).contains(&bytes),
                "{bytes} at {step_micros} us"
            );
            assert!(
                largest_burst <= 42_000,
                "{largest_burst} at {step_micros} us"
            );
        }
    }
}
