//! [`Outages`]: when a path carries nothing at all for a moment.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// From the end of an outage to the next one, in microseconds.
const APART: [u64; 2] = [5_000_000, 25_000_000];
/// How long it lasts: shorter than what ENet takes for the end of a connection by far.
const LENGTH: [u64; 2] = [80_000, 300_000];

/// One outage after the other, drawn from a seed.
pub(crate) struct Outages {
    random: ChaCha8Rng,
    begin: u64,
    end: u64,
    /// Outages that have begun.
    count: u64,
}

impl Outages {
    /// - `now`: in microseconds, as in every call.
    pub(crate) fn new(seed: u64, now: u64) -> Self {
        let mut outages = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            begin: 0,
            end: now,
            count: 0,
        };
        outages.draw();
        outages
    }

    /// Whether there is one at `now`, which does not go back.
    pub(crate) fn covers(&mut self, now: u64) -> bool {
        while now >= self.end {
            self.count += 1;
            self.draw();
        }
        now >= self.begin
    }

    /// Outages that are over.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    fn draw(&mut self) {
        self.begin = self.end + self.between(APART);
        self.end = self.begin + self.between(LENGTH);
    }

    fn between(&mut self, [from, to]: [u64; 2]) -> u64 {
        from + self.random.next_u64() % (to - from + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_down_for_moments_and_the_same_ones_for_the_same_seed() {
        const STEP: u64 = 10_000;
        const STEPS: u64 = 100_000; // 1000 s
        let down = |seed| {
            let mut outages = Outages::new(seed, 0);
            let down: Vec<u64> = (0..STEPS)
                .filter(|step| outages.covers(step * STEP))
                .collect();
            (down, outages.count())
        };
        let (steps, count) = down(7);
        assert!((1000 / 26..=1000 / 5).contains(&count), "{count}");
        let mean = steps.len() as u64 * STEP / count;
        assert!((LENGTH[0]..=LENGTH[1]).contains(&mean), "{mean}");
        assert!(steps[0] * STEP >= APART[0]);
        assert_eq!(down(7), (steps.clone(), count));
        assert_ne!(down(8).0, steps);
    }
}
