//! [`Zlib`]: RFC 1950 streams over zlib-rs, a Rust port of zlib.

use enet_proto::Compressor;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Zlib as Godot's `ENetConnection.COMPRESS_ZLIB` speaks it: one stream with header and Adler-32 a datagram.
///
/// Holds about 420 KiB from the start and allocates nothing later; each datagram starts from a cleared state.
pub struct Zlib {
    deflate: Compress,
    inflate: Decompress,
}

impl Zlib {
    /// Stands for [`Self::BALANCED_LEVEL`], as in zlib and in Godot's project settings.
    pub const DEFAULT_LEVEL: i32 = -1;
    /// What [`Self::DEFAULT_LEVEL`] stands for.
    pub const BALANCED_LEVEL: i32 = 6;
    /// The level that compresses best and slowest.
    pub const MAXIMUM_LEVEL: i32 = 9;

    /// A compressor of `level`, 0 (stored) to 9 (smallest), or -1 for 6; what is outside is taken to the nearest.
    ///
    /// The level shapes what goes out only: any level's output is read.
    #[must_use]
    pub fn new(level: i32) -> Self {
        let level = match level {
            ..=Self::DEFAULT_LEVEL => Self::BALANCED_LEVEL,
            _ => level.min(Self::MAXIMUM_LEVEL),
        };
        Self {
            deflate: Compress::new(Compression::new(level.unsigned_abs()), true),
            inflate: Decompress::new(true),
        }
    }
}

impl Default for Zlib {
    fn default() -> Self {
        Self::new(Self::DEFAULT_LEVEL)
    }
}

impl Compressor for Zlib {
    fn compress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        if input.is_empty() {
            return None;
        }
        self.deflate.reset();
        let status = self
            .deflate
            .compress(input, output, FlushCompress::Finish)
            .ok()?;
        finished(status, self.deflate.total_out())
    }

    fn decompress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        self.inflate.reset(true);
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::Finish)
            .ok()?;
        finished(status, self.inflate.total_out()).filter(|&len| len > 0)
    }
}

/// What a whole stream came to; `None` if it stopped before its end.
fn finished(status: Status, total: u64) -> Option<usize> {
    match status {
        Status::StreamEnd => usize::try_from(total).ok(),
        Status::Ok | Status::BufError => None,
    }
}
