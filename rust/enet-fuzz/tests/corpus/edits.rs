//! [`Edits`]: makes other inputs out of kept ones.

use std::ops::Range;

use mutatis::{Candidates, Context, Mutate, Result};

/// Longest input, in bytes, as of `cargo xtask fuzz`.
const MAXIMUM_LEN: usize = 4100;

/// Changes a byte, or takes away, repeats or moves a piece.
pub(crate) struct Edits;

impl Mutate<Vec<u8>> for Edits {
    fn mutate(&mut self, candidates: &mut Candidates<'_>, input: &mut Vec<u8>) -> Result<()> {
        candidates.mutation(|context| {
            input.drain(piece(context, input));
            Ok(())
        })?;
        if candidates.shrink() {
            return Ok(());
        }
        candidates.mutation(|context| {
            if let Some(index) = context.rng().gen_index(input.len()) {
                input[index] = byte(context, input[index]);
            }
            Ok(())
        })?;
        candidates.mutation(|context| {
            let piece = input[piece(context, input)].to_vec();
            insert(context, input, piece);
            Ok(())
        })?;
        candidates.mutation(|context| {
            let piece = input.drain(piece(context, input)).collect();
            insert(context, input, piece);
            Ok(())
        })
    }
}

/// Where a piece of the input lies; it has a byte at least, unless the input has none.
fn piece(context: &mut Context, input: &[u8]) -> Range<usize> {
    let start = context.rng().gen_index(input.len()).unwrap_or(0);
    let left = context.rng().gen_index(input.len() - start).unwrap_or(0);
    start..input.len().min(start + left + 1)
}

fn insert(context: &mut Context, input: &mut Vec<u8>, piece: Vec<u8>) {
    let at = context.rng().gen_index(input.len() + 1).unwrap_or(0);
    input.splice(at..at, piece);
    input.truncate(MAXIMUM_LEN);
}

/// Another byte: any, or one near the old, or one with a bit turned, or an end of the range.
fn byte(context: &mut Context, old: u8) -> u8 {
    let random = context.rng().gen_u8();
    match random % 4 {
        0 => context.rng().gen_u8(),
        1 => old.wrapping_add(1 + random / 64),
        2 => old ^ (1 << (random / 32)),
        _ => [0, 0x7F, 0x80, 0xFF][usize::from(random / 64)],
    }
}
