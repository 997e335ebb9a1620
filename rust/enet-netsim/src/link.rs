//! [`Link`]: decides what becomes of each datagram sent one way between two addresses.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

use crate::config::LinkConfig;

/// What happened to the datagrams of a link so far.
///
/// Always `sent + duplicated = delivered + lost + queue_dropped + oversized +` the copies still under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkStatistics {
    /// Datagrams handed to the link.
    pub sent: u64,
    /// Bytes in them.
    pub bytes_sent: u64,
    /// Copies handed to the receiver.
    pub delivered: u64,
    /// Bytes in those.
    pub bytes_delivered: u64,
    /// Lost at random, by [`Link::drop_next`] or while the link was down.
    pub lost: u64,
    /// Extra copies made.
    pub duplicated: u64,
    /// Dropped because the queue of the rate limit was full.
    pub queue_dropped: u64,
    /// Dropped because they were over the maximum datagram size.
    pub oversized: u64,
    /// Held back to be overtaken.
    pub reordered: u64,
}

impl LinkStatistics {
    /// Copies that neither arrived nor were dropped yet.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.sent + self.duplicated
            - self.delivered
            - self.lost
            - self.queue_dropped
            - self.oversized
    }
}

/// One direction between two addresses: its settings, its random stream and its counters.
///
/// The datagrams themselves are kept by the [`Network`](crate::Network), which asks the link when each is to arrive.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    rng: ChaCha8Rng,
    down: bool,
    drop_next: u64,
    /// State of the burst-loss chain.
    bad: bool,
    /// When the bottleneck has passed everything accepted so far, in nanoseconds: finer than the rest of the crate, so
    /// that rounding does not change the rate of a fast link.
    bottleneck_free_nanos: u64,
    latest_arrival_micros: u64,
    pub(crate) statistics: LinkStatistics,
}

/// When the copies of one datagram arrive; none if it is lost.
pub(crate) type Arrivals = [Option<u64>; 2];

impl Link {
    pub(crate) fn new(seed: u64, stream: u64, config: LinkConfig) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self {
            config,
            rng,
            down: false,
            drop_next: 0,
            bad: false,
            bottleneck_free_nanos: 0,
            latest_arrival_micros: 0,
            statistics: LinkStatistics::default(),
        }
    }

    /// The settings in force.
    #[must_use]
    pub const fn config(&self) -> LinkConfig {
        self.config
    }

    /// Changes the settings for datagrams sent from now on; those under way keep their arrival.
    pub const fn set_config(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Loses the next `count` datagrams that would otherwise have entered the link, instead of any count still left.
    pub const fn drop_next(&mut self, count: u64) {
        self.drop_next = count;
    }

    /// While down, the link loses everything sent into it; what is under way still arrives. The other direction is a
    /// link of its own.
    pub const fn set_down(&mut self, down: bool) {
        self.down = down;
    }

    /// What happened so far.
    #[must_use]
    pub const fn statistics(&self) -> LinkStatistics {
        self.statistics
    }

    /// Takes in a datagram of `len` bytes and says when its copies arrive.
    pub(crate) fn admit(&mut self, now_micros: u64, len: usize) -> Arrivals {
        self.statistics.sent += 1;
        self.statistics.bytes_sent += len as u64;
        let draw = Draw::new(&mut self.rng);
        let lost_at_random = self.is_lost(&draw);

        if len > self.config.maximum_datagram_bytes {
            self.statistics.oversized += 1;
            return [None; 2];
        }
        if self.down {
            self.statistics.lost += 1;
            return [None; 2];
        }
        if self.drop_next > 0 {
            self.drop_next -= 1;
            self.statistics.lost += 1;
            return [None; 2];
        }
        // The loss lies behind the bottleneck: what is lost has taken its share of the rate.
        let Some(passed_micros) = self.pass_bottleneck(now_micros, len as u64) else {
            self.statistics.queue_dropped += 1;
            return [None; 2];
        };
        if lost_at_random {
            self.statistics.lost += 1;
            return [None; 2];
        }

        let mut extra = Duration::ZERO;
        if draw.reordering < self.config.reordering {
            extra = self.config.reorder_delay;
            self.statistics.reordered += 1;
        }
        let first = self.arrival(passed_micros, draw.jitter, extra);
        let second = (draw.duplication < self.config.duplication).then(|| {
            self.statistics.duplicated += 1;
            self.arrival(passed_micros, draw.duplicate_jitter, extra)
        });
        [Some(first), second]
    }

    fn is_lost(&mut self, draw: &Draw) -> bool {
        let mut lost = draw.loss < self.config.loss;
        if let Some(burst) = self.config.burst_loss {
            let (loss, turn) = if self.bad {
                (burst.bad_loss, burst.leave)
            } else {
                (burst.good_loss, burst.enter)
            };
            lost |= draw.burst_loss < loss;
            self.bad ^= draw.burst_turn < turn;
        }
        lost
    }

    /// When a datagram sent now has left the bottleneck, or `None` if the queue in front of it is full.
    fn pass_bottleneck(&mut self, now_micros: u64, len: u64) -> Option<u64> {
        let Some(rate) = self.config.rate else {
            return Some(now_micros);
        };
        let nanos_for = |bytes: u64| {
            let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.bytes_per_second);
            u64::try_from(nanos).unwrap_or(u64::MAX)
        };
        let now_nanos = now_micros.saturating_mul(1000);
        let free_nanos = self
            .bottleneck_free_nanos
            .max(now_nanos)
            .saturating_add(nanos_for(len));
        if free_nanos - now_nanos > nanos_for(rate.queue_bytes) {
            return None;
        }
        self.bottleneck_free_nanos = free_nanos;
        Some(free_nanos.div_ceil(1000))
    }

    fn arrival(&mut self, passed_micros: u64, jitter_draw: f64, extra: Duration) -> u64 {
        let LinkConfig { delay, jitter, .. } = self.config;
        let earliest = delay.saturating_sub(jitter);
        let delay = earliest + (delay + jitter - earliest).mul_f64(jitter_draw);
        let mut arrival_micros = passed_micros.saturating_add(micros(delay));
        if self.config.keep_order {
            arrival_micros = arrival_micros.max(self.latest_arrival_micros);
            self.latest_arrival_micros = arrival_micros;
        }
        arrival_micros.saturating_add(micros(extra))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// The random numbers of one datagram, each in 0..1.
struct Draw {
    loss: f64,
    burst_loss: f64,
    burst_turn: f64,
    jitter: f64,
    duplication: f64,
    duplicate_jitter: f64,
    reordering: f64,
}

impl Draw {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let mut next = || unit(rng.next_u64());
        Self {
            loss: next(),
            burst_loss: next(),
            burst_turn: next(),
            jitter: next(),
            duplication: next(),
            duplicate_jitter: next(),
            reordering: next(),
        }
    }
}

/// Maps 64 random bits to 0..1; keeps the 53 that an `f64` holds exactly.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
