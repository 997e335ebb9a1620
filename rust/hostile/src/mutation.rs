//! What is done to the datagrams of a session before they are sent again.

use crate::random::Random;

/// Longest datagram of nothing but noise, in bytes.
const LONGEST_NOISE: usize = 1500;
/// Bits of a datagram's first two bytes that say whose it is: session and number of the peer.
const ADDRESSEE: [u8; 2] = [0x3F, 0xFF];
/// The flag in a datagram's first byte that says that the header has a sent time.
const SENT_TIME: u8 = 0x80;
/// Command bytes that are none: 0 and those from 13 on.
const NO_COMMANDS: [u8; 4] = [0, 13, 14, 15];

/// What a datagram was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Random bytes.
    Noise,
    /// A datagram of the session as it was.
    Replay,
    /// A part of one, from its beginning, without its end.
    Cut,
    /// One with some bits changed, wherever they are.
    Flipped,
    /// One for another peer or session.
    Misaddressed,
    /// A header of the session before random bytes.
    Headed,
    /// The same, but the first of the bytes is no command.
    NoCommand,
}

impl Mutation {
    /// All, in order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Noise,
        Self::Replay,
        Self::Cut,
        Self::Flipped,
        Self::Misaddressed,
        Self::Headed,
        Self::NoCommand,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Replay => "replay",
            Self::Cut => "cut",
            Self::Flipped => "flipped",
            Self::Misaddressed => "misaddressed",
            Self::Headed => "headed",
            Self::NoCommand => "no_command",
        }
    }

    /// Writes what becomes of `original` into `out`.
    pub(crate) fn apply(self, original: &[u8], random: &mut Random, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(original);
        match self {
            Self::Replay => {}
            Self::Noise => noise(random, out, 0),
            Self::Cut => out.truncate(random.below(original.len().max(1))),
            Self::Flipped => {
                for _ in 0..=random.below(8) {
                    let bit = random.below(8 * out.len().max(1));
                    if let Some(byte) = out.get_mut(bit / 8) {
                        *byte ^= 1 << (bit % 8);
                    }
                }
            }
            Self::Misaddressed => {
                let change = 1 + random.below(0x3FFE);
                for (byte, mask) in out.iter_mut().zip(ADDRESSEE) {
                    *byte ^= change.to_be_bytes()[if mask == 0xFF { 7 } else { 6 }] & mask;
                }
            }
            Self::Headed => noise(random, out, header_len(original)),
            Self::NoCommand => {
                let header_len = header_len(original);
                noise(random, out, header_len);
                if let Some(command) = out.get_mut(header_len) {
                    *command = *command & 0xF0 | NO_COMMANDS[random.below(NO_COMMANDS.len())];
                }
            }
        }
    }
}

fn header_len(datagram: &[u8]) -> usize {
    match datagram.first() {
        Some(byte) if byte & SENT_TIME != 0 => 4,
        _ => 2,
    }
}

/// Random bytes behind the first `kept`.
fn noise(random: &mut Random, out: &mut Vec<u8>, kept: usize) {
    out.resize(kept + random.below(LONGEST_NOISE - kept), 0);
    random.fill(&mut out[kept..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: [u8; 20] = [
        0x90, 0x07, 1, 2, 0x86, 0, 0, 9, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ];

    fn each(mutation: Mutation, original: &[u8], check: impl Fn(&[u8])) {
        let (mut random, mut out) = (Random::new(3), Vec::new());
        for _ in 0..10_000 {
            mutation.apply(original, &mut random, &mut out);
            check(&out);
        }
    }

    #[test]
    fn what_may_come_from_the_true_address_is_never_more_than_the_session_said_itself() {
        each(Mutation::Replay, &ORIGINAL, |data| {
            assert_eq!(data, ORIGINAL)
        });
        each(Mutation::Cut, &ORIGINAL, |data| {
            assert!(data.len() < ORIGINAL.len() && ORIGINAL.starts_with(data));
        });
        each(Mutation::Misaddressed, &ORIGINAL, |data| {
            assert_eq!((data.len(), &data[2..]), (ORIGINAL.len(), &ORIGINAL[2..]));
            let addressee = |data: &[u8]| (data[0] & 0x3F, data[1]);
            assert_ne!(addressee(data), addressee(&ORIGINAL));
            assert_eq!(data[0] & 0xC0, ORIGINAL[0] & 0xC0);
        });
        // With a sent time, and as a datagram without any.
        for (original, header_len) in [
            (&ORIGINAL[..], 4),
            (&[&[0x10, 7], &ORIGINAL[4..]].concat(), 2),
        ] {
            each(Mutation::NoCommand, original, |data| {
                assert_eq!(data[..header_len], original[..header_len]);
                let command = data.get(header_len).map(|byte| byte & 15);
                assert!(command.is_none_or(|command| !(1..=12).contains(&command)));
            });
        }
    }

    #[test]
    fn the_rest_changes_something_of_any_datagram_even_an_empty_one() {
        let (mut random, mut out) = (Random::new(4), Vec::new());
        for mutation in Mutation::ALL {
            mutation.apply(&[], &mut random, &mut out);
        }
        let changed = |mutation: Mutation, random: &mut Random| {
            let mut out = Vec::new();
            let different = |_: &u32| {
                mutation.apply(&ORIGINAL, random, &mut out);
                out != ORIGINAL
            };
            (0..1000).filter(different).count()
        };
        for mutation in [Mutation::Noise, Mutation::Flipped, Mutation::Headed] {
            assert!(changed(mutation, &mut random) > 900, "{}", mutation.name());
        }
    }
}
