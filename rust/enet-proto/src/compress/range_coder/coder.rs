//! The arithmetic half of the range coder: spans of a frequency table to bytes and back.
//!
//! `low..low + range` is the interval that all input so far leaves. Both sides hold at least [`BOTTOM`] of range
//! between symbols, and totals stay below that, so no division here meets a zero.

use super::model::Span;

/// The leading byte is settled when both ends of the interval agree above this.
const TOP: u32 = 1 << 24;
/// Least range between two symbols.
const BOTTOM: u32 = 1 << 16;

/// The interval that both directions narrow alike.
struct Interval {
    low: u32,
    range: u32,
}

impl Interval {
    const fn new() -> Self {
        Self {
            low: 0,
            range: u32::MAX,
        }
    }

    /// Splits the range into `total` parts.
    const fn divide(&mut self, total: u16) {
        debug_assert!(
            total > 0 && self.range >= BOTTOM,
            "every total is positive and the range has room for it"
        );
        self.range /= total as u32;
    }

    /// Keeps the parts of `span`.
    const fn select(&mut self, span: Span) {
        debug_assert!(span.size > 0, "only what has a frequency is coded");
        self.low = self
            .low
            .wrapping_add(self.range.wrapping_mul(span.start as u32));
        self.range = self.range.wrapping_mul(span.size as u32);
    }

    /// The next settled byte, which leaves the interval; `None` when there is room for another symbol.
    ///
    /// Comes to `None` within a few calls: the range is not zero and grows by a byte each time. Where it is cut to
    /// the next multiple of 2^16, `low` is none: below 2^16 of range reach no multiple of 2^24 from one.
    const fn shift(&mut self) -> Option<u8> {
        if (self.low ^ self.low.wrapping_add(self.range)) >= TOP {
            if self.range >= BOTTOM {
                return None;
            }
            self.range = self.low.wrapping_neg() & (BOTTOM - 1);
        }
        let byte = self.low.to_be_bytes()[0];
        self.range <<= 8;
        self.low <<= 8;
        Some(byte)
    }
}

/// Writes symbols to the front of a buffer.
pub(super) struct Encoder<'a> {
    interval: Interval,
    output: &'a mut [u8],
    written: usize,
}

impl<'a> Encoder<'a> {
    pub(super) const fn new(output: &'a mut [u8]) -> Self {
        Self {
            interval: Interval::new(),
            output,
            written: 0,
        }
    }

    /// Codes the symbol that has `span` of `total`; `None` if the buffer is full.
    pub(super) fn narrow(&mut self, span: Span, total: u16) -> Option<()> {
        self.interval.divide(total);
        self.interval.select(span);
        while let Some(byte) = self.interval.shift() {
            self.emit(byte)?;
        }
        Some(())
    }

    /// Writes what is left, without trailing zeros, and returns the length of everything.
    pub(super) fn finish(mut self) -> Option<usize> {
        while self.interval.low != 0 {
            let byte = self.interval.low.to_be_bytes()[0];
            self.emit(byte)?;
            self.interval.low <<= 8;
        }
        Some(self.written)
    }

    fn emit(&mut self, byte: u8) -> Option<()> {
        *self.output.get_mut(self.written)? = byte;
        self.written += 1;
        Some(())
    }
}

/// Reads symbols; past the end of its input it reads zeros.
pub(super) struct Decoder<'a> {
    interval: Interval,
    code: u32,
    input: std::slice::Iter<'a, u8>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let mut decoder = Self {
            interval: Interval::new(),
            code: 0,
            input: input.iter(),
        };
        for _ in 0..size_of::<u32>() {
            decoder.read();
        }
        decoder
    }

    /// The part of `total` in which the next symbol lies; input that no encoder made can give more than `total`.
    /// [`Self::consume`] must follow.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "ENet keeps the low 16 bits; valid input has no more"
    )]
    pub(super) const fn peek(&mut self, total: u16) -> u16 {
        self.interval.divide(total);
        (self.code.wrapping_sub(self.interval.low) / self.interval.range) as u16
    }

    /// Steps over the symbol that has `span`.
    pub(super) fn consume(&mut self, span: Span) {
        self.interval.select(span);
        while self.interval.shift().is_some() {
            self.read();
        }
    }

    fn read(&mut self) {
        self.code = (self.code << 8) | u32::from(self.input.next().copied().unwrap_or(0));
    }
}
