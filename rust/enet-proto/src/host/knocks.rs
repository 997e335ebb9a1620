//! [`Knocks`]: how many connection attempts are taken up, and which ones when there are too many.
//!
//! A flood of CONNECTs with forged addresses must neither take all of a host's time nor push the attempts of real
//! clients out of [`HalfOpen`](super::half_open::HalfOpen) before their answers are there. So attempts begin at a
//! bounded rate. Over it a CONNECT is only remembered, by a few bits; real clients repeat theirs after half a second,
//! and what is repeated is taken up, at a rate of its own that a flood of ever new CONNECTs does not touch. Whoever
//! repeats each forged one shares that rate with the real ones, and floods half as well.
//!
//! Remembered is a hash in a filter that may take a new CONNECT for a repeated one, at a million a second one in 100.
//! Source: B. Bloom, "Space/time trade-offs in hash coding with allowable errors", Communications of the ACM 13(7),
//! 1970.

use std::hash::{DefaultHasher, Hasher as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::limits::TokenBucket;
use crate::time::Time;

/// CONNECTs are remembered for one to two of these. ENet repeats one after half a second, then after another second.
const GENERATION: Duration = Duration::from_secs(1);
/// Words of a generation's filter: 2 MiB, which exist in a flood only.
const WORDS: usize = 1 << 18;
/// Words in which the bits of one CONNECT lie together, so that they are in the processor's cache at once.
const BLOCK: usize = 8;
/// Bits that one CONNECT sets.
const BITS: usize = 3;

/// CONNECTs of which nothing else is known.
pub(super) struct Knocks {
    first: TokenBucket,
    repeated: TokenBucket,
    /// Has read a secret, so that nobody can choose CONNECTs that hit the same bits.
    hasher: DefaultHasher,
    /// The current generation and the one before; empty while there was no need.
    generations: [Vec<u64>; 2],
    /// When the current generation began.
    began: Time,
}

impl Knocks {
    /// Lets `rate` attempts begin per second, and as many repeated ones; 0 is no limit. `seed` is the host's.
    pub(super) fn new(rate: u32, seed: [u8; 32]) -> Self {
        let bucket = TokenBucket::new(rate, rate, Time::ZERO);
        let mut hasher = DefaultHasher::new();
        hasher.write(&seed);
        Self {
            first: bucket,
            repeated: bucket,
            hasher,
            generations: [Vec::new(), Vec::new()],
            began: Time::ZERO,
        }
    }

    /// Changes the rate; see [`Self::new`]. What is used up of it stays used up.
    pub(super) fn set_rate(&mut self, rate: u32, now: Time) {
        self.first.change(rate, rate, now);
        self.repeated.change(rate, rate, now);
    }

    /// Whether the CONNECT of an attempt that is not known yet is to be taken up. If not, it is remembered.
    pub(super) fn admit(&mut self, now: Time, from: SocketAddr, connect_id: [u8; 4]) -> bool {
        if self.first.take(1, now) {
            return true;
        }
        self.turn(now);
        let bits = self.bits(from, connect_id);
        let was_there = self
            .generations
            .iter()
            .any(|words| !words.is_empty() && bits.iter().all(|&(at, bit)| words[at] & bit != 0));
        if was_there && self.repeated.take(1, now) {
            return true;
        }
        let [current, _] = &mut self.generations;
        current.resize(WORDS, 0);
        for (at, bit) in bits {
            current[at] |= bit;
        }
        false
    }

    /// Gives the memory back after a time without need of it.
    pub(super) fn rest(&mut self, now: Time) {
        if now >= self.began + 2 * GENERATION {
            self.generations = [Vec::new(), Vec::new()];
        }
    }

    fn turn(&mut self, now: Time) {
        self.rest(now);
        if now >= self.began + GENERATION {
            self.generations.swap(0, 1);
            self.generations[0].fill(0);
            self.began = now;
        }
    }

    /// Where a CONNECT is remembered: words and bits in them.
    fn bits(&self, from: SocketAddr, connect_id: [u8; 4]) -> [(usize, u64); BITS] {
        let ip = match from.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        let mut hasher = self.hasher.clone();
        hasher.write_u128(ip.to_bits());
        hasher.write_u64(u64::from(from.port()) << 32 | u64::from(u32::from_be_bytes(connect_id)));
        let mut rest = hasher.finish();
        let mut below = |bound: usize| {
            let index = usize::try_from(rest % bound as u64).expect("below a usize");
            rest /= bound as u64;
            index
        };
        let block = below(WORDS / BLOCK) * BLOCK;
        [(); BITS].map(|()| (block + below(BLOCK), 1 << below(64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 10;

    fn at(millis: u64) -> Time {
        Time::from_millis(10_000 + millis)
    }

    fn knock(knocks: &mut Knocks, millis: u64, index: u32) -> bool {
        let from = SocketAddr::from(([10, 0, 0, 1], 9000));
        knocks.admit(at(millis), from, index.to_be_bytes())
    }

    /// What is left after the burst of first ones.
    fn crowded() -> Knocks {
        let mut knocks = Knocks::new(RATE, [7; 32]);
        assert!((0..RATE).all(|index| knock(&mut knocks, 0, 1000 + index)));
        knocks
    }

    #[test]
    fn what_comes_too_early_is_let_in_when_it_comes_again_within_a_second() {
        for (later, let_in) in [(0, true), (999, true), (2001, false)] {
            let mut knocks = crowded();
            assert!(!knock(&mut knocks, 0, 1));
            // Others take the places that have become free meanwhile.
            while knocks.first.take(1, at(later)) {}
            assert_eq!(knock(&mut knocks, later, 1), let_in, "{later}");
        }
    }

    #[test]
    fn repeated_ones_have_a_rate_of_their_own() {
        let mut knocks = crowded();
        assert!((0..100).all(|index| !knock(&mut knocks, 0, index)));
        let repeated = (0..100)
            .filter(|&index| knock(&mut knocks, 0, index))
            .count();
        assert_eq!(repeated, RATE as usize);
    }

    #[test]
    fn few_of_a_million_strangers_are_taken_for_somebody_else() {
        let mut knocks = Knocks::new(1, [7; 32]);
        knocks.repeated = TokenBucket::new(0, 0, Time::ZERO);
        let mistaken = (0..1_000_000)
            .filter(|&index| knock(&mut knocks, 0, index))
            .count();
        // Most of them at the end, when the filter is full.
        assert!(mistaken < 1_000_000 / 250, "{mistaken}");
        let late = (1_000_000..1_100_000)
            .filter(|&index| knock(&mut knocks, 999, index))
            .count();
        assert!(late < 1000, "{late}");
    }

    #[test]
    fn memory_is_taken_in_need_and_given_back() {
        let mut knocks = crowded();
        let taken = |knocks: &Knocks| knocks.generations.iter().map(Vec::capacity).sum::<usize>();
        assert_eq!(taken(&knocks), 0);
        knock(&mut knocks, 0, 1);
        knock(&mut knocks, 1001, 2);
        (0..30).for_each(|index| {
            knock(&mut knocks, 1002, index);
        });
        assert_eq!(taken(&knocks), 2 * WORDS);
        knocks.rest(at(2500));
        assert_eq!(taken(&knocks), 2 * WORDS);
        knocks.rest(at(3100));
        assert_eq!(taken(&knocks), 0);
    }
}
