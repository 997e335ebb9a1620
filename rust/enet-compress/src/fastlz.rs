//! [`FastLz`]: byte-aligned Lempel-Ziv with two kinds of instruction, a run of literals and a copy from earlier output.
//!
//! The upper three bits of an instruction's first byte are 0 for a run of literals, else they hold the length of a
//! copy. The first instruction is always a run, and its upper three bits hold the level instead. Level 1 reaches 8 KiB
//! back and copies at most 264 bytes at once; level 2 has longer copies and distances.

mod decode;
mod encode;
mod output;

use encode::Recent;
use enet_proto::Compressor;
use output::Output;

/// Godot encodes no less than this: shorter blocks get zeros behind them.
const SHORTEST_BLOCK: usize = 16;
/// From this length on the reference encoder uses level 2.
const LEVEL_TWO_BLOCK: usize = 65_536;
/// The farthest a copy of level 1 reaches back.
const MAX_DISTANCE: usize = 8_192;
/// A run of literals is no longer than this.
const MAX_RUN: usize = 32;
/// A copy is no shorter than this.
const MIN_COPY: usize = 3;
/// A copy of level 1 is no longer than this.
const MAX_COPY: usize = 264;
/// The first byte's upper bits of a copy whose length goes on in another byte.
const LONG_COPY: u8 = 7;
/// The bits of an instruction's first byte that are not its kind.
const LOW_BITS: u8 = 31;

/// FastLZ as Godot's `ENetConnection.COMPRESS_FASTLZ` speaks it: level 1 goes out, levels 1 and 2 come in.
///
/// Blocks shorter than 16 bytes are encoded with zeros up to 16, as Godot does, so their plain form ends in zeros that
/// ENet's parser takes for the end of the commands. Input of 64 KiB or more is not compressed.
///
/// Holds 8 KiB from the start and allocates nothing later.
#[derive(Debug, Clone, Default)]
pub struct FastLz {
    recent: Recent,
}

impl FastLz {
    /// A compressor with its table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Compressor for FastLz {
    fn compress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        if input.is_empty() || input.len() >= LEVEL_TWO_BLOCK {
            return None;
        }
        let mut block = [0; SHORTEST_BLOCK];
        let input = match block.get_mut(..input.len()) {
            Some(front) => {
                front.copy_from_slice(input);
                &block
            }
            None => input,
        };
        let mut output = Output::new(output);
        encode::encode(input, &mut self.recent, &mut output)?;
        Some(output.len())
    }

    fn decompress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        let mut output = Output::new(output);
        decode::decode(input, &mut output)?;
        Some(output.len())
    }
}
