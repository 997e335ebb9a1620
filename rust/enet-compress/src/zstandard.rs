//! [`Zstandard`]: single frames over the reference library.

use enet_proto::Compressor;
use zstd_safe::{CCtx, CParameter, DCtx, max_c_level, min_c_level};

/// Zstandard as Godot's `ENetConnection.COMPRESS_ZSTD` speaks it: one frame a datagram, with the content size in its
/// header, without checksum or dictionary.
///
/// Holds about 100 KiB from the start; at the default level the first datagrams add 90 KiB, later ones nothing. Decoding goes straight into
/// the caller's slice, so the window a frame asks for costs no memory.
pub struct Zstandard {
    compress: CCtx<'static>,
    /// A compressed form while it is made: the library gives up in room that is just enough.
    packed: Vec<u8>,
    decompress: DCtx<'static>,
}

impl Zstandard {
    /// The level of the library and of Godot's project settings.
    pub const DEFAULT_LEVEL: i32 = zstd_safe::CLEVEL_DEFAULT;

    /// A compressor of `level`, up to 22 (smallest); negative ones are faster than 1, 0 stands for
    /// [`Self::DEFAULT_LEVEL`], what is outside is taken to the nearest.
    ///
    /// The level shapes what goes out only: any level's output is read.
    #[must_use]
    pub fn new(level: i32) -> Self {
        let mut compress = CCtx::create();
        let level = level.clamp(min_c_level(), max_c_level());
        for parameter in [
            CParameter::CompressionLevel(level),
            CParameter::ContentSizeFlag(true),
            CParameter::ChecksumFlag(false),
        ] {
            compress
                .set_parameter(parameter)
                .expect("the value is in the parameter's range");
        }
        Self {
            compress,
            packed: Vec::new(),
            decompress: DCtx::create(),
        }
    }
}

impl Default for Zstandard {
    fn default() -> Self {
        Self::new(Self::DEFAULT_LEVEL)
    }
}

impl Compressor for Zstandard {
    fn compress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        if input.is_empty() {
            return None;
        }
        self.packed
            .resize(zstd_safe::compress_bound(input.len()), 0);
        let len = self
            .compress
            .compress2(self.packed.as_mut_slice(), input)
            .ok()?;
        output.get_mut(..len)?.copy_from_slice(&self.packed[..len]);
        Some(len)
    }

    fn decompress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        let len = self.decompress.decompress(output, input).ok()?;
        (len > 0).then_some(len)
    }
}
