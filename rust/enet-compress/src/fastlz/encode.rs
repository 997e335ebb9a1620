//! Plain bytes to level 1.

use super::output::Output;
use super::{LEVEL_TWO_BLOCK, LONG_COPY, MAX_COPY, MAX_DISTANCE, MAX_RUN, MIN_COPY};

const SLOT_BITS: u32 = 12;
/// Too long for one copy: this much is copied first, so that no rest is under [`MIN_COPY`].
const PART_OF_COPY: usize = MAX_COPY - MIN_COPY + 1;

/// Where three bytes were last seen, by a hash of them. A slot may be of other bytes, or empty and say 0.
#[derive(Debug, Clone)]
pub(super) struct Recent(Box<[u16; 1 << SLOT_BITS]>);

impl Default for Recent {
    fn default() -> Self {
        Self(Box::new([0; 1 << SLOT_BITS]))
    }
}

impl Recent {
    /// The position that stood for `key`, which is at `position` now.
    fn replace(&mut self, key: [u8; MIN_COPY], position: usize) -> usize {
        let [a, b, c] = key;
        let hash = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9e37_79b1) >> (32 - SLOT_BITS);
        let position = u16::try_from(position).expect("a block is shorter than 64 KiB");
        usize::from(std::mem::replace(&mut self.0[hash as usize], position))
    }
}

/// A stretch of earlier input that comes again.
#[derive(Clone, Copy)]
struct Match {
    distance: usize,
    len: usize,
}

/// Appends the encoded form of `input`, which is not empty and under 64 KiB; `None` if it does not fit.
///
/// Takes the latest place that has the next three bytes, unless a copy that begins a byte later is longer by at
/// least two: one more would only make up for the literal before it.
pub(super) fn encode(input: &[u8], recent: &mut Recent, output: &mut Output<'_>) -> Option<()> {
    debug_assert!(!input.is_empty() && input.len() < LEVEL_TWO_BLOCK);
    recent.0.fill(0);
    let mut literals = 0;
    // The first byte has nothing before it, and is what an empty slot points at.
    let mut at = 1;
    let mut found = find(input, at, recent);
    while at < input.len() {
        let Some(copy) = found else {
            at += 1;
            found = find(input, at, recent);
            continue;
        };
        let next = find(input, at + 1, recent);
        if next.is_some_and(|next| next.len > copy.len + 1) {
            at += 1;
            found = next;
            continue;
        }
        append_literals(&input[literals..at], output)?;
        append_copy(copy, output)?;
        let end = at + copy.len;
        for inside in at + 2..end {
            if let Some(&key) = input[inside..].first_chunk() {
                recent.replace(key, inside);
            }
        }
        at = end;
        literals = at;
        found = find(input, at, recent);
    }
    append_literals(&input[literals..], output)
}

/// What could be copied at `at`; remembers the place.
fn find(input: &[u8], at: usize, recent: &mut Recent) -> Option<Match> {
    let rest = input.get(at..)?;
    let &key = rest.first_chunk()?;
    let candidate = recent.replace(key, at);
    let distance = at - candidate;
    if distance > MAX_DISTANCE {
        return None;
    }
    let len = common(&input[candidate..], rest);
    (len >= MIN_COPY).then_some(Match { distance, len })
}

/// How many bytes at the front are the same.
fn common(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(l, r)| l == r).count()
}

fn append_literals(literals: &[u8], output: &mut Output<'_>) -> Option<()> {
    for run in literals.chunks(MAX_RUN) {
        output.append(&[low_byte(run.len() - 1)])?;
        output.append(run)?;
    }
    Some(())
}

fn append_copy(copy: Match, output: &mut Output<'_>) -> Option<()> {
    let Match { distance, mut len } = copy;
    while len > MAX_COPY {
        append_one_copy(distance, PART_OF_COPY, output)?;
        len -= PART_OF_COPY;
    }
    append_one_copy(distance, len, output)
}

/// `distance`: 1 to [`MAX_DISTANCE`]; `len`: [`MIN_COPY`] to [`MAX_COPY`].
fn append_one_copy(distance: usize, len: usize, output: &mut Output<'_>) -> Option<()> {
    let [.., high, low] = (distance - 1).to_be_bytes();
    let code = len + 1 - MIN_COPY;
    match code.checked_sub(usize::from(LONG_COPY)) {
        Some(more) => output.append(&[LONG_COPY << 5 | high, low_byte(more), low]),
        None => output.append(&[low_byte(code) << 5 | high, low]),
    }
}

/// `value`, which is under 256, as a byte.
const fn low_byte(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::{MAX_COPY, Output, Recent, encode};

    fn encoded(input: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 2 * input.len()];
        let mut output = Output::new(&mut bytes);
        encode(input, &mut Recent::default(), &mut output).unwrap();
        let len = output.len();
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn sixteen_zeros_take_five_bytes() {
        // One literal, then 9 + 6 from 1 back.
        assert_eq!(encoded(&[0; 16]), [0x00, 0x00, 0xe0, 0x06, 0x00]);
    }

    #[test]
    fn longest_copies_are_split_without_a_rest_that_is_too_short() {
        for len in MAX_COPY - 2..2 * MAX_COPY + 6 {
            let encoded = encoded(&vec![7; 1 + len]);
            let mut copied = 0;
            for copy in encoded[2..].chunks(3) {
                copied += match *copy {
                    [0xe0, more, 0] => usize::from(more) + 9,
                    [short, 0] => usize::from(short >> 5) + 2,
                    _ => panic!("{copy:02x?} is no copy from 1 back"),
                };
            }
            assert_eq!(copied, len);
        }
    }

    #[test]
    fn nothing_is_copied_from_farther_than_the_format_reaches() {
        let word = *b"distance";
        for (gap, copied) in [(8_192 - 8, true), (8_192 - 7, false)] {
            let input = [word.as_slice(), &vec![0; gap], &word].concat();
            let ends_in_literals = encoded(&input).ends_with(&word);
            assert_eq!(ends_in_literals, !copied, "gap of {gap}");
        }
    }
}
