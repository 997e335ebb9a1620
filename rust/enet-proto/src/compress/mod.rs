//! [`Compressor`]: what shrinks the body of datagrams, and ENet's own [`RangeCoder`].

mod range_coder;

pub use range_coder::RangeCoder;

/// Compresses the body of each datagram by itself; no state passes from one to the next.
///
/// Both ends must use the same one: compression is configured, never negotiated.
pub trait Compressor: Send {
    /// Writes the compressed form of `input` to the front of `output` and returns its length; `None` if it does not
    /// fit or nothing comes out.
    fn compress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize>;

    /// Writes the plain form of `input` to the front of `output` and returns its length; `None` if `input` is
    /// invalid, does not fit, or holds nothing. `input` comes from anyone: it may be anything.
    fn decompress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize>;
}
