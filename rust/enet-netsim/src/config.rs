//! [`LinkConfig`]: how one direction between two addresses behaves.

use std::time::Duration;

/// Loss that comes in bursts: a Gilbert-Elliott chain with one step for each datagram.
///
/// The link is in a good or a bad state; each state loses datagrams with its own probability. The chain starts good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurstLoss {
    /// Probability of turning bad at a datagram sent in the good state.
    pub enter: f64,
    /// Probability of turning good at a datagram sent in the bad state; bursts last `1 / leave` datagrams on average.
    pub leave: f64,
    /// Probability that a datagram sent in the good state is lost.
    pub good_loss: f64,
    /// Probability that a datagram sent in the bad state is lost.
    pub bad_loss: f64,
}

impl BurstLoss {
    /// The simplest chain with these two means: everything is lost in the bad state, nothing in the good one.
    ///
    /// - `loss`: share of all datagrams that is lost, below 1.
    /// - `burst`: datagrams lost in a row, at least 1.
    ///
    /// # Panics
    /// If a value is out of range, or the good state would have to last less than one datagram.
    #[must_use]
    pub fn from_means(loss: f64, burst: f64) -> Self {
        assert!(
            (0.0..1.0).contains(&loss) && burst >= 1.0,
            "loss {loss} in bursts of {burst}"
        );
        let leave = 1.0 / burst;
        let enter = leave * loss / (1.0 - loss);
        assert!(enter <= 1.0, "loss {loss} needs longer bursts than {burst}");
        Self {
            enter,
            leave,
            good_loss: 0.0,
            bad_loss: 1.0,
        }
    }
}

/// The settings of a [`Link`](crate::Link); the setters chain. The default carries everything at once and in order.
///
/// Every random draw is made for every datagram, whatever the settings, so changing one setting of a link does not
/// change what another one does to the same traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkConfig {
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    pub(crate) keep_order: bool,
    pub(crate) loss: f64,
    pub(crate) burst_loss: Option<BurstLoss>,
    pub(crate) duplication: f64,
    pub(crate) reordering: f64,
    pub(crate) reorder_delay: Duration,
    pub(crate) rate: Option<Rate>,
    pub(crate) maximum_datagram_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) bytes_per_second: u64,
    pub(crate) queue_bytes: u64,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            keep_order: false,
            loss: 0.0,
            burst_loss: None,
            duplication: 0.0,
            reordering: 0.0,
            reorder_delay: Duration::ZERO,
            rate: None,
            maximum_datagram_bytes: usize::MAX,
        }
    }
}

impl LinkConfig {
    /// Mean time from sending to arrival, without what the rate limit adds; default 0.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Spreads the delay evenly over `delay - jitter ..= delay + jitter` (never below 0), anew for each copy; default 0.
    ///
    /// Datagrams sent within twice this span of each other may overtake; see [`keep_order`](Self::keep_order).
    #[must_use]
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// With `true`, jitter makes later datagrams wait instead of letting them overtake, as a queue on the way does; the
    /// mean delay of dense traffic then rises towards `delay + jitter`. Default `false`.
    #[must_use]
    pub const fn keep_order(mut self, keep_order: bool) -> Self {
        self.keep_order = keep_order;
        self
    }

    /// Probability that a datagram is lost, each by itself; default 0.
    ///
    /// # Panics
    /// If it is outside 0..=1, as for every probability here.
    #[must_use]
    pub fn loss(mut self, probability: f64) -> Self {
        self.loss = checked(probability);
        self
    }

    /// Loss in bursts, on top of [`loss`](Self::loss); default none.
    ///
    /// # Panics
    /// If a probability in it is outside 0..=1.
    #[must_use]
    pub fn burst_loss(mut self, burst_loss: Option<BurstLoss>) -> Self {
        if let Some(BurstLoss {
            enter,
            leave,
            good_loss,
            bad_loss,
        }) = burst_loss
        {
            for probability in [enter, leave, good_loss, bad_loss] {
                checked(probability);
            }
        }
        self.burst_loss = burst_loss;
        self
    }

    /// Probability that a datagram that is not lost arrives twice, each copy with its own jitter; default 0.
    ///
    /// # Panics
    /// If it is outside 0..=1.
    #[must_use]
    pub fn duplication(mut self, probability: f64) -> Self {
        self.duplication = checked(probability);
        self
    }

    /// Probability that a datagram is held back by another `extra_delay`, so that later ones overtake it; default 0.
    ///
    /// # Panics
    /// If the probability is outside 0..=1.
    #[must_use]
    pub fn reordering(mut self, probability: f64, extra_delay: Duration) -> Self {
        self.reordering = checked(probability);
        self.reorder_delay = extra_delay;
        self
    }

    /// A bottleneck in front of the delay: datagrams pass it one after the other at `bytes_per_second`, and one that
    /// finds more than `queue_bytes` ahead of it, itself included, is dropped. Bytes are those of the datagrams, without
    /// headers of lower layers. Default none.
    ///
    /// # Panics
    /// If `bytes_per_second` is 0; for a dead link use [`Link::set_down`](crate::Link::set_down).
    #[must_use]
    pub const fn rate_limit(mut self, bytes_per_second: u64, queue_bytes: u64) -> Self {
        assert!(
            bytes_per_second > 0,
            "a rate of 0 carries nothing: set the link down instead"
        );
        self.rate = Some(Rate {
            bytes_per_second,
            queue_bytes,
        });
        self
    }

    /// Datagrams above this size never arrive, as on a path that does not fragment; default no limit.
    #[must_use]
    pub const fn maximum_datagram_bytes(mut self, bytes: usize) -> Self {
        self.maximum_datagram_bytes = bytes;
        self
    }
}

fn checked(probability: f64) -> f64 {
    assert!(
        (0.0..=1.0).contains(&probability),
        "{probability} is not a probability"
    );
    probability
}
