//! [`RoundMaximum`]: the largest value of the last few rounds.

/// Rounds that count.
const ROUNDS: usize = 10;

/// The maximum over a window of rounds; a round lasts about a round trip.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RoundMaximum {
    rounds: [f64; ROUNDS],
    current: usize,
}

impl RoundMaximum {
    /// A value of the running round.
    pub(super) const fn offer(&mut self, value: f64) {
        self.rounds[self.current] = self.rounds[self.current].max(value);
    }

    /// Begins the next round; the oldest one is forgotten.
    pub(super) const fn next_round(&mut self) {
        self.current = (self.current + 1) % ROUNDS;
        self.rounds[self.current] = 0.0;
    }

    /// The largest value of the running round, 0 if there was none.
    pub(super) fn latest(&self) -> f64 {
        self.rounds[self.current]
    }

    /// Forgets all but the last `count` rounds.
    pub(super) fn keep(&mut self, count: usize) {
        for age in count..ROUNDS {
            self.rounds[(self.current + ROUNDS - age) % ROUNDS] = 0.0;
        }
    }

    /// The largest value, 0 if there was none.
    pub(super) fn get(&self) -> f64 {
        self.rounds.iter().copied().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_lasts_for_ten_rounds() {
        let mut maximum = RoundMaximum::default();
        maximum.offer(5.0);
        maximum.offer(3.0);
        for _ in 1..ROUNDS {
            maximum.next_round();
            maximum.offer(1.0);
            assert!(maximum.get() == 5.0);
        }
        maximum.next_round();
        assert!(maximum.get() == 1.0);
    }

    #[test]
    fn what_is_kept_are_the_last_rounds() {
        let mut maximum = RoundMaximum::default();
        for value in (1..=15).rev() {
            maximum.next_round();
            maximum.offer(f64::from(value));
        }
        assert!((maximum.get(), maximum.latest()) == (10.0, 1.0));
        maximum.keep(2);
        assert!(maximum.get() == 2.0);
        maximum.next_round();
        assert!(maximum.get() == 2.0);
    }
}
