//! [`Dice`]: where a session's choices come from.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seed, or a script of bytes that a fuzzer writes.
#[derive(Debug)]
pub(crate) enum Dice {
    Seeded(Box<ChaCha8Rng>),
    /// What is left of it, in reverse.
    Scripted(Vec<u8>),
}

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::Seeded(Box::new(ChaCha8Rng::seed_from_u64(seed)))
    }

    pub(crate) fn scripted(script: &[u8]) -> Self {
        Self::Scripted(script.iter().rev().copied().collect())
    }

    /// A number below `limit`; a script answers 0 once it is used up, and tells no more than 256 apart.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        match self {
            Self::Seeded(rng) => {
                usize::try_from(rng.next_u64() % limit as u64).expect("below a usize")
            }
            Self::Scripted(script) => usize::from(script.pop().unwrap_or(0)) % limit,
        }
    }

    /// A seed for a host.
    pub(crate) fn host_seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        match self {
            Self::Seeded(rng) => rng.fill_bytes(&mut seed),
            Self::Scripted(script) => seed[0] = script.pop().unwrap_or(0),
        }
        seed
    }

    /// Whether there is nothing left to decide by.
    pub(crate) fn is_used_up(&self) -> bool {
        matches!(self, Self::Scripted(script) if script.is_empty())
    }
}
