//! [`Choices`]: the one place where a host chooses something at random.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a host may choose freely; a replay of recorded traffic fills in what was recorded.
pub(crate) trait Choices: Send {
    /// The connect id of an outgoing connection.
    fn connect_id(&mut self) -> [u8; 4];
}

/// Choices nobody can predict who does not know the seed.
pub(crate) struct SeededChoices(ChaCha12Rng);

impl SeededChoices {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }
}

impl Choices for SeededChoices {
    fn connect_id(&mut self) -> [u8; 4] {
        self.0.next_u32().to_be_bytes()
    }
}
