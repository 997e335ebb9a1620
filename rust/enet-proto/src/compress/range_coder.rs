//! [`RangeCoder`]: ENet's own compressor, an order-2 context model in front of a byte-wise range coder.
//!
//! The model guesses the next byte from the two before it; when a context has not seen the byte it codes an escape
//! and asks the next shorter context, down to the root, which knows every byte. Both directions update the model in
//! exactly the same way, so nothing but the coded bytes travels.

mod coder;
mod model;

use super::Compressor;
use coder::{Decoder, Encoder};
use model::{HIGHER, Link, Model, ROOT, ROOT_RULES, Span};

/// ENet's adaptive order-2 range coder.
///
/// Reads and writes what `enet_host_compress_with_range_coder` does. It keeps about 64 KiB for its model, taken at
/// the first use; each call starts from an empty model.
///
/// Source: `compress.c`, ENet 1.3.18. Differs: an empty piece of the input is harmless.
#[derive(Debug, Default)]
pub struct RangeCoder {
    model: Model,
}

impl RangeCoder {
    /// A coder that has used no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Codes one byte; `None` if the output is full.
    fn encode(&mut self, value: u8, out: &mut Encoder<'_>) -> Option<()> {
        let model = &mut self.model;
        let mut link = Link::Context;
        let mut context = model.context();
        while context != ROOT {
            let (escapes, total) = model.escapes_and_total(context);
            let (node, span) = model.touch(context, value, &HIGHER);
            model.store(link, node);
            link = Link::Suffix(node);
            if span.size > 0 {
                out.narrow(span.shifted(escapes), total)?;
                model.settle(context, span.size, &HIGHER);
                model.advance();
                return Some(());
            }
            if escapes > 0 {
                out.narrow(Span::of_escapes(escapes), total)?;
            }
            model.learn_escape(context);
            model.settle(context, span.size, &HIGHER);
            context = model.suffix(context);
        }
        let (escapes, total) = model.escapes_and_total(ROOT);
        let (node, span) = model.touch(ROOT, value, &ROOT_RULES);
        model.store(link, node);
        out.narrow(span.shifted(escapes), total)?;
        model.settle(ROOT, span.size, &ROOT_RULES);
        model.advance();
        Some(())
    }

    /// Decodes one symbol.
    fn decode(&mut self, input: &mut Decoder<'_>) -> Symbol {
        let model = &mut self.model;
        let mut context = model.context();
        let (value, bottom) = loop {
            let rules = if context == ROOT {
                &ROOT_RULES
            } else {
                &HIGHER
            };
            let (escapes, total) = model.escapes_and_total(context);
            if context != ROOT && escapes == 0 {
                context = model.suffix(context);
                continue;
            }
            let target = input.peek(total);
            if target < escapes {
                if context == ROOT {
                    return Symbol::End;
                }
                input.consume(Span::of_escapes(escapes));
                context = model.suffix(context);
                continue;
            }
            let Some((value, node, span)) = model.walk(context, target - escapes, rules) else {
                return Symbol::Invalid;
            };
            input.consume(span.shifted(escapes));
            model.settle(context, span.size, rules);
            break (value, node);
        };

        // What the encoder taught the longer contexts on its way down.
        let mut link = Link::Context;
        let mut longer = model.context();
        while longer != context {
            let (node, span) = model.touch(longer, value, &HIGHER);
            let shorter = model.suffix(longer);
            model.store(link, node);
            link = Link::Suffix(node);
            if span.size == 0 {
                model.learn_escape(longer);
            }
            model.settle(longer, span.size, &HIGHER);
            longer = shorter;
        }
        model.store(link, bottom);
        Symbol::Byte(value)
    }
}

/// What [`RangeCoder::decode`] found.
enum Symbol {
    Byte(u8),
    End,
    Invalid,
}

impl Compressor for RangeCoder {
    fn compress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        if input.is_empty() {
            return None;
        }
        self.model.restart();
        let mut out = Encoder::new(output);
        for &value in input {
            self.encode(value, &mut out)?;
        }
        out.finish()
    }

    fn decompress(&mut self, input: &[u8], output: &mut [u8]) -> Option<usize> {
        self.model.restart();
        let mut decoder = Decoder::new(input);
        let mut written = 0;
        // Ends with the output at the latest: each round fills a byte of it or returns.
        loop {
            match self.decode(&mut decoder) {
                Symbol::Byte(value) => {
                    *output.get_mut(written)? = value;
                    written += 1;
                    self.model.advance();
                }
                Symbol::End => return (written > 0).then_some(written),
                Symbol::Invalid => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
