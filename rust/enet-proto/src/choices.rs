//! [`Choices`]: the one place where a host chooses something at random.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;
use crate::peer::Sessions;
use crate::wire::Handshake;

/// What a host may choose freely; a replay of recorded traffic fills in what was recorded.
pub(crate) trait Choices: Send {
    /// The connect id of an outgoing connection.
    fn connect_id(&mut self) -> [u8; 4];

    /// A label for a connection, below [`PROTOCOL_MAXIMUM_PEER_ID`]. Asked again while it is not to be had.
    fn label(&mut self) -> u16;

    /// The sessions that a CONNECT names; `last` are those of the last connection of its slot.
    fn named_sessions(&mut self, last: Sessions) -> Sessions;

    /// The sessions of the connection that a CONNECT asks for. The remote's incoming one follows the one it names, so that
    /// it can tell the connection from its last one.
    fn granted_sessions(&mut self, connect: &Handshake) -> Sessions;

    /// The number of the first command on the control channel; ENet's is 1.
    fn first_number(&mut self) -> u16;

    /// The sent time of a datagram whose acknowledgement proves an address; `clock` is the true one.
    fn sent_time(&mut self, clock: u16) -> u16;

    /// An index below `len`, which is not 0.
    fn index(&mut self, len: usize) -> usize;
}

/// Choices nobody can predict who does not know the seed.
pub(crate) struct SeededChoices(ChaCha12Rng);

impl SeededChoices {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
    fn session(&mut self) -> u8 {
        self.0.next_u32() as u8 & 3
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
    fn number(&mut self) -> u16 {
        self.0.next_u32() as u16
    }
}

impl Choices for SeededChoices {
    fn connect_id(&mut self) -> [u8; 4] {
        self.0.next_u32().to_be_bytes()
    }

    fn label(&mut self) -> u16 {
        loop {
            // All 4096 values are equally likely; the one that is no label is thrown away.
            let label = self.number() & PROTOCOL_MAXIMUM_PEER_ID;
            if label != PROTOCOL_MAXIMUM_PEER_ID {
                return label;
            }
        }
    }

    fn named_sessions(&mut self, _: Sessions) -> Sessions {
        Sessions {
            incoming: self.session(),
            outgoing: self.session(),
        }
    }

    fn granted_sessions(&mut self, connect: &Handshake) -> Sessions {
        let outgoing = match connect.incoming_session {
            // Not 3, which refusals of such remotes carry.
            0xFF => self.session() % 3,
            named => named.wrapping_add(1) & 3,
        };
        Sessions {
            incoming: self.session(),
            outgoing,
        }
    }

    fn first_number(&mut self) -> u16 {
        self.number()
    }

    fn sent_time(&mut self, _: u16) -> u16 {
        self.number()
    }

    fn index(&mut self, len: usize) -> usize {
        // The bias of the remainder is below 2^-32 for all that fits a table of ours.
        usize::try_from(self.0.next_u64() % len as u64).expect("below a usize")
    }
}
