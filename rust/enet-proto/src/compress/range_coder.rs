//! ENet's range coder.

use super::Compressor;

/// ENet's adaptive order-2 range coder.
#[derive(Debug, Default)]
pub struct RangeCoder {}

impl Compressor for RangeCoder {
    fn compress(&mut self, _input: &[u8], _output: &mut [u8]) -> Option<usize> {
        None
    }

    fn decompress(&mut self, _input: &[u8], _output: &mut [u8]) -> Option<usize> {
        None
    }
}
