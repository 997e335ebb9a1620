//! [`Limits`]: what others may cost a host, and [`TokenBucket`], by which rates are kept.

use std::time::Duration;

use crate::time::Time;

/// What others may cost a host; 0 lifts a limit, and a rate with its burst.
///
/// What is over a limit is dropped and counted in [`HostStatistics::dropped`](crate::HostStatistics::dropped). The
/// defaults admit 1000 clients that connect at once from one address, and 200,000 datagrams a second of a connection.
/// How many connections one address may have is [`HostConfig::duplicate_peers`](crate::HostConfig::duplicate_peers), as
/// in ENet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connection attempts whose address is not proven yet, in total; default 16384, about 4 MiB. Over it a new one
    /// takes the place of an old one, first of those whose source has many.
    pub half_open: usize,
    /// Those of one source: an IPv4 address, or 64 bits of an IPv6 address. Default 4096.
    pub half_open_per_source: usize,
    /// CONNECTs that wait for the application's decision, see [`Verdict::Wait`](crate::Verdict::Wait), in total; default
    /// 4096, about 1 MiB. Over it a new one takes the place of who has waited longest.
    pub waiting: usize,
    /// Those of one source; default 1024.
    pub waiting_per_source: usize,
    /// Connection attempts that may begin per second, and at once, default 10,000; and as many of those whose CONNECT
    /// came when there were too many, and is repeated.
    pub attempts: u32,
    /// Connections that a source may begin per second in the long run, default 100; see
    /// [`join_burst_per_source`](Self::join_burst_per_source). Counted when the address is proven, so that nobody can
    /// use up the share of another; who is over it by then is told [`Reason::TooMany`](crate::Reason::TooMany).
    pub joins_per_source: u32,
    /// Connections that a source may begin at once; default 1024.
    pub join_burst_per_source: u32,
    /// Connections that all together may begin per second in the long run; default 1000.
    pub joins: u32,
    /// Connections that all together may begin at once; default 4096.
    pub join_burst: u32,
    /// Refusals of connection attempts sent per second; default 10,000. Others get no answer.
    pub refusals: u32,
    /// Datagrams that a peer may send per second; default 200,000.
    pub datagrams_per_peer: u32,
    /// Bytes that a peer may send per second; default 512 MiB. One datagram, of up to 4096 bytes, may always be sent at
    /// once.
    pub bytes_per_peer: u32,
    /// How many times as long a datagram may be after decompression; default 256. It is never longer than the
    /// connection's MTU, and that of a stranger never longer than one CONNECT.
    pub decompression_ratio: usize,
    /// Commands of one datagram that are acknowledged; default 64. ENet puts at most 32 into a datagram. What follows in
    /// the datagram is dropped.
    pub acknowledgements_per_datagram: usize,
    /// Bytes that all peers together may have waiting for the application, or for their missing parts; default 1 GiB. Over
    /// it each peer may still have its share, the limit divided by the slots; more than that only for what is next in
    /// line, while there is room. All together hold twice the limit and two packets of
    /// [`HostConfig::maximum_packet_size`](crate::HostConfig::maximum_packet_size) at worst. Those of one peer are
    /// [`HostConfig::maximum_waiting_data`](crate::HostConfig::maximum_waiting_data).
    pub memory: usize,
    /// Lines per second that a host writes to the log about what others sent; default 10.
    pub log_lines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            half_open: 16_384,
            half_open_per_source: 4096,
            waiting: 4096,
            waiting_per_source: 1024,
            attempts: 10_000,
            joins_per_source: 100,
            join_burst_per_source: 1024,
            joins: 1000,
            join_burst: 4096,
            refusals: 10_000,
            datagrams_per_peer: 200_000,
            bytes_per_peer: 512 * 1024 * 1024,
            decompression_ratio: 256,
            acknowledgements_per_datagram: 64,
            memory: 1024 * 1024 * 1024,
            log_lines: 10,
        }
    }
}

impl Limits {
    /// A limit as a bound: 0 is none.
    pub(crate) const fn bound(limit: usize) -> usize {
        if limit == 0 { usize::MAX } else { limit }
    }
}

/// A token bucket: `rate` tokens per second flow in, up to `burst`.
///
/// The time is that of the calls; nothing runs in between. Source: the algorithm is that of J. Turner, "New directions
/// in communications", IEEE Communications Magazine 24(10), 1986 (there "leaky bucket as a meter").
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenBucket {
    rate: u32,
    burst: u32,
    /// Millionths of a token.
    level: u64,
    filled: Time,
}

const WHOLE: u64 = 1_000_000;

impl TokenBucket {
    /// A full bucket. A `rate` or `burst` of 0 is no limit.
    pub(crate) fn new(rate: u32, burst: u32, now: Time) -> Self {
        Self {
            rate: if burst == 0 { 0 } else { rate },
            burst,
            level: u64::from(burst) * WHOLE,
            filled: now,
        }
    }

    /// Changes rate and burst; what is used up of the bucket stays used up.
    pub(crate) fn change(&mut self, rate: u32, burst: u32, now: Time) {
        self.fill(now);
        let size = |burst: u32| u64::from(burst) * WHOLE;
        let used = size(self.burst).saturating_sub(self.level);
        let changed = Self::new(rate, burst, self.filled);
        *self = Self {
            level: changed.level.saturating_sub(used),
            ..changed
        };
    }

    /// Whether there is at least one token.
    pub(crate) fn has_one(&mut self, now: Time) -> bool {
        self.fill(now);
        self.rate == 0 || self.level >= WHOLE
    }

    /// Whether the bucket is full, so that forgetting it changes nothing.
    pub(crate) fn is_full(&mut self, now: Time) -> bool {
        self.fill(now);
        self.rate == 0 || self.level >= u64::from(self.burst) * WHOLE
    }

    /// Takes `tokens` if they are there.
    pub(crate) fn take(&mut self, tokens: u32, now: Time) -> bool {
        self.fill(now);
        let price = u64::from(tokens) * WHOLE;
        if self.rate == 0 {
            return true;
        }
        if self.level < price {
            return false;
        }
        self.level -= price;
        true
    }

    fn fill(&mut self, now: Time) {
        let elapsed = now.as_micros().saturating_sub(self.filled.as_micros());
        self.filled = self.filled.max(now);
        let gained = elapsed.saturating_mul(self.rate.into());
        self.level = self
            .level
            .saturating_add(gained)
            .min(u64::from(self.burst) * WHOLE);
    }
}

/// Lets a bounded number of log lines a second through, and counts the others.
#[derive(Debug)]
pub(crate) struct LogBudget {
    bucket: TokenBucket,
    suppressed: u64,
}

impl LogBudget {
    pub(crate) fn new(lines_per_second: u32) -> Self {
        Self {
            bucket: TokenBucket::new(lines_per_second, lines_per_second, Time::ZERO),
            suppressed: 0,
        }
    }

    /// Changes the rate; see [`TokenBucket::change`].
    pub(crate) fn set_rate(&mut self, lines_per_second: u32, now: Time) {
        self.bucket.change(lines_per_second, lines_per_second, now);
    }

    /// Whether a line may be written now; if so, how many were not since the last one.
    pub(crate) fn line(&mut self, now: Time) -> Option<u64> {
        if self.bucket.take(1, now) {
            return Some(std::mem::take(&mut self.suppressed));
        }
        self.suppressed += 1;
        None
    }
}

/// The span in which a bucket that is empty fills.
pub(crate) fn refill_time(rate: u32, burst: u32) -> Duration {
    Duration::from_secs(u64::from(burst / rate.max(1)) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_at_once_and_its_rate_in_the_long_run() {
        let mut bucket = TokenBucket::new(10, 5, Time::ZERO);
        let taken = |bucket: &mut TokenBucket, millis| {
            (0..100)
                .filter(|_| bucket.take(1, Time::from_millis(millis)))
                .count()
        };
        assert_eq!(taken(&mut bucket, 0), 5);
        assert_eq!(taken(&mut bucket, 99), 0);
        assert_eq!(taken(&mut bucket, 100), 1);
        assert_eq!(taken(&mut bucket, 400), 3);
        assert_eq!(
            taken(&mut bucket, 1_000_000),
            5,
            "never more than the burst"
        );
        assert_eq!(taken(&mut bucket, 0), 0, "time does not run backwards");
    }

    #[test]
    fn what_was_taken_is_there_again_after_its_time() {
        let mut bucket = TokenBucket::new(10, 3, Time::ZERO);
        assert!(bucket.is_full(Time::ZERO) && bucket.take(3, Time::ZERO));
        assert!(!bucket.has_one(Time::from_millis(99)));
        assert!(bucket.has_one(Time::from_millis(100)));
        assert!(!bucket.is_full(Time::from_millis(299)));
        assert!(bucket.is_full(Time::from_millis(300)));
    }

    #[test]
    fn a_bucket_that_changes_keeps_what_is_used_up() {
        // Of 10, 6 are used up; a second later 4 are.
        for (rate, burst, left) in [(2, 10, 6), (100, 100, 96), (1, 5, 1), (1, 3, 0)] {
            let mut bucket = TokenBucket::new(2, 10, Time::ZERO);
            assert!(bucket.take(6, Time::ZERO));
            let now = Time::from_millis(1000);
            bucket.change(rate, burst, now);
            let taken = (0..200).filter(|_| bucket.take(1, now)).count();
            assert_eq!(taken, left, "{rate} a second, {burst} at once");
        }
        let mut bucket = TokenBucket::new(0, 0, Time::ZERO);
        bucket.change(1, 3, Time::ZERO);
        assert!(bucket.is_full(Time::ZERO), "nothing of no limit is used up");
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        for (rate, burst) in [(0, 0), (0, 10), (10, 0)] {
            let mut bucket = TokenBucket::new(rate, burst, Time::ZERO);
            assert!((0..1000).all(|_| bucket.take(1, Time::ZERO)));
            assert!(bucket.has_one(Time::ZERO) && bucket.is_full(Time::ZERO));
        }
    }

    #[test]
    fn suppressed_lines_are_counted_in_the_next_one() {
        let mut budget = LogBudget::new(2);
        let lines: Vec<_> = (0..5).map(|_| budget.line(Time::ZERO)).collect();
        assert_eq!(lines, [Some(0), Some(0), None, None, None]);
        assert_eq!(budget.line(Time::from_millis(500)), Some(3));
    }
}
