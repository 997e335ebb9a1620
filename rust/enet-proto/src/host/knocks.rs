//! [`Knocks`]: how many connection attempts are taken up, and which ones when there are too many.
//!
//! A flood of CONNECTs with forged addresses must neither take all of a host's time nor push the attempts of real
//! clients out of [`HalfOpen`](super::half_open::HalfOpen) before their answers are there. So attempts begin at a
//! bounded rate. Over it a CONNECT is only remembered, by a few bits; real clients repeat theirs after half a second,
//! and what is repeated is taken up, at a rate of its own that a flood of ever new CONNECTs does not touch. A copy that
//! comes earlier is none. Whoever repeats each forged one as a client does shares that rate with the real ones.
//!
//! Remembered is a hash in a filter that may take a new CONNECT for a repeated one, at a million a second one in 100.
//! Source: B. Bloom, "Space/time trade-offs in hash coding with allowable errors", Communications of the ACM 13(7),
//! 1970.

use std::hash::{DefaultHasher, Hasher as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::limits::TokenBucket;
use crate::time::Time;

/// What was remembered in an earlier one of these counts. ENet repeats a CONNECT after half a second, then after another
/// second: the one is never in the same generation, the other at most three later.
const GENERATION: Duration = Duration::from_millis(450);
/// The current generation and those that count.
const GENERATIONS: u32 = 4;
/// Words of a generation's filter: 1 MiB, which exists in a flood only.
const WORDS: usize = 1 << 17;
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
    /// The current one first; empty while there was no need.
    generations: [Vec<u64>; GENERATIONS as usize],
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
            generations: Default::default(),
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
        let [current, earlier @ ..] = &mut self.generations;
        let was_there = earlier
            .iter()
            .any(|words| !words.is_empty() && bits.iter().all(|&(at, bit)| words[at] & bit != 0));
        if was_there && self.repeated.take(1, now) {
            return true;
        }
        current.resize(WORDS, 0);
        for (at, bit) in bits {
            current[at] |= bit;
        }
        false
    }

    /// Gives the memory back after a time without need of it.
    pub(super) fn rest(&mut self, now: Time) {
        if now >= self.began + GENERATION * GENERATIONS {
            self.generations = Default::default();
            self.began = now;
        }
    }

    fn turn(&mut self, now: Time) {
        self.rest(now);
        while now >= self.began + GENERATION {
            self.generations.rotate_right(1);
            self.generations[0].fill(0);
            self.began = self.began + GENERATION;
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
    fn what_comes_too_early_is_let_in_when_it_comes_again_as_clients_repeat_it() {
        // The first repetition comes half a second later, the second a second after that.
        for first in (0..1000).step_by(50) {
            for (later, let_in) in [
                (0, false),
                (450, true),
                (500, true),
                (1000, true),
                (1800, false),
            ] {
                let mut knocks = crowded();
                let again = first + later;
                while knocks.first.take(1, at(first)) {}
                assert!(!knock(&mut knocks, first, 1));
                // Others take the places that have become free meanwhile.
                while knocks.first.take(1, at(again)) {}
                assert_eq!(
                    knock(&mut knocks, again, 1),
                    let_in,
                    "{first}, then {later}"
                );
            }
        }
    }

    #[test]
    fn copies_at_once_take_nothing_from_those_who_repeat_in_time() {
        let mut knocks = crowded();
        assert!(!knock(&mut knocks, 0, 1));
        for millis in 0..500 {
            let index = 5000 + u32::try_from(millis).expect("small");
            while knocks.first.take(1, at(millis)) {}
            assert!(!knock(&mut knocks, millis, index));
            knock(&mut knocks, millis, index);
        }
        assert!(knock(&mut knocks, 500, 1));
    }

    #[test]
    fn repeated_ones_have_a_rate_of_their_own() {
        let mut knocks = crowded();
        assert!((0..100).all(|index| !knock(&mut knocks, 0, index)));
        while knocks.first.take(1, at(500)) {}
        let repeated = (0..100)
            .filter(|&index| knock(&mut knocks, 500, index))
            .count();
        assert_eq!(repeated, RATE as usize);
    }

    #[test]
    fn few_of_a_million_strangers_are_taken_for_somebody_else() {
        let mut knocks = Knocks::new(1, [7; 32]);
        knocks.repeated = TokenBucket::new(0, 0, Time::ZERO);
        // A million in a second, then others.
        let mut mistaken = |indices: std::ops::Range<u32>| {
            indices
                .filter(|&index| knock(&mut knocks, u64::from(index / 1000), index))
                .count()
        };
        let meanwhile = mistaken(1..1_000_000);
        assert!(meanwhile < 1_000_000 / 250, "{meanwhile}");
        let late = mistaken(1_000_000..1_200_000);
        assert!(late < 200_000 / 100, "{late}");
    }

    #[test]
    fn memory_is_taken_in_need_and_given_back() {
        let mut knocks = crowded();
        let taken = |knocks: &Knocks| knocks.generations.iter().map(Vec::capacity).sum::<usize>();
        assert_eq!(taken(&knocks), 0);
        knock(&mut knocks, 0, 1);
        for millis in (0..3000).step_by(100) {
            (0..30).for_each(|index| {
                knock(&mut knocks, millis, index);
            });
            assert!(taken(&knocks) <= GENERATIONS as usize * WORDS);
        }
        assert_eq!(taken(&knocks), GENERATIONS as usize * WORDS);
        knocks.rest(at(3400));
        assert_eq!(taken(&knocks), GENERATIONS as usize * WORDS);
        knocks.rest(at(5000));
        assert_eq!(taken(&knocks), 0);
    }
}
