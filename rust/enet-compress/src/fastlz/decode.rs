//! Levels 1 and 2 to plain bytes.

use super::output::Output;
use super::{LONG_COPY, LOW_BITS, MIN_COPY};

/// The distance of a level 2 copy that says the real one stands in two more bytes, and is added to it.
const FAR: usize = 8_191;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    One,
    Two,
}

/// Appends the plain form of `input`; `None` if it is invalid, does not fit or holds nothing.
///
/// Source: `fastlz_decompress`, FastLZ 0.5.0. As there, a single byte behind the last instruction is no error.
pub(super) fn decode(mut input: &[u8], output: &mut Output<'_>) -> Option<()> {
    let first = *input.split_off_first()?;
    let level = match first >> 5 {
        0 => Level::One,
        1 => Level::Two,
        _ => return None,
    };
    let mut control = first & LOW_BITS;
    loop {
        match control >> 5 {
            0 => output.append(input.split_off(..usize::from(control) + 1)?)?,
            code => {
                let len = copy_len(level, code, &mut input)?;
                let distance = copy_distance(level, control & LOW_BITS, &mut input)?;
                output.repeat(distance, len)?;
            }
        }
        // No instruction is shorter than two bytes.
        if input.len() < 2 {
            return Some(());
        }
        control = *input.split_off_first()?;
    }
}

fn copy_len(level: Level, code: u8, input: &mut &[u8]) -> Option<usize> {
    let mut len = usize::from(code) - 1 + MIN_COPY;
    if code == LONG_COPY {
        loop {
            let more = *input.split_off_first()?;
            len += usize::from(more);
            if level == Level::One || more < u8::MAX {
                break;
            }
        }
    }
    Some(len)
}

fn copy_distance(level: Level, high: u8, input: &mut &[u8]) -> Option<usize> {
    let low = *input.split_off_first()?;
    let mut distance = usize::from(u16::from_be_bytes([high, low]));
    if level == Level::Two && distance == FAR {
        let (&far, rest) = input.split_first_chunk()?;
        *input = rest;
        distance += usize::from(u16::from_be_bytes(far));
    }
    Some(distance + 1)
}

#[cfg(test)]
mod tests {
    use super::{Output, decode};

    fn decoded(input: &[u8], room: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; room];
        let mut output = Output::new(&mut bytes);
        decode(input, &mut output)?;
        let len = output.len();
        bytes.truncate(len);
        Some(bytes)
    }

    #[test]
    fn level_one_copies_from_what_it_wrote() {
        // Literals "ab"; 4 from 2 back; literal "c"; 9 + 1 from 1 back.
        let input = [0x01, b'a', b'b', 0x40, 0x01, 0x00, b'c', 0xe0, 0x01, 0x00];
        assert_eq!(decoded(&input, 64).unwrap(), b"abababccccccccccc");
    }

    #[test]
    fn level_two_has_longer_lengths_and_distances() {
        let mut input = vec![0x20, b'a', 0xe0, 0xff, 0xff, 0x00, 0x00];
        assert_eq!(decoded(&input, 1024).unwrap(), vec![b'a'; 1 + 9 + 510]);
        // As level 1 the second length byte would be the distance, which is before the start.
        input[0] = 0x00;
        assert_eq!(decoded(&input, 1024), None);

        // Literals "zy"; a run of "y"; 3 from as far back as the "z", which level 1 cannot reach.
        let head = [0x21, b'z', b'y', 0xe0];
        let far = [
            head.as_slice(),
            &[0xff; 33],
            &[1, 0],
            &[0x3f, 0xff, 0x00, 0xeb],
        ]
        .concat();
        let run = 9 + 33 * 255 + 1;
        let plain = decoded(&far, 16_384).unwrap();
        assert_eq!(plain.len(), 2 + run + 3);
        assert_eq!(&plain[2 + run..], b"zyy");
    }

    #[test]
    fn every_cut_is_invalid_or_a_prefix() {
        let input = [0x01, b'a', b'b', 0x40, 0x01, 0x00, b'c', 0xe0, 0x01, 0x00];
        let whole = decoded(&input, 64).unwrap();
        for cut in 0..input.len() {
            if let Some(plain) = decoded(&input[..cut], 64) {
                assert!(
                    whole.starts_with(&plain) && plain.len() < whole.len(),
                    "cut at {cut}"
                );
            }
        }
        assert_eq!(decoded(&[], 64), None);
        assert_eq!(decoded(&input[..2], 64), None);
    }

    #[test]
    fn output_fits_or_fails() {
        let input = [0x01, b'a', b'b', 0x40, 0x01, 0x00, b'c', 0xe0, 0x01, 0x00];
        for room in 0..17 {
            assert_eq!(decoded(&input, room), None, "{room} bytes");
        }
        assert!(decoded(&input, 17).is_some());
    }

    #[test]
    fn unknown_levels_and_distances_before_the_start_are_invalid() {
        for level in 2..8 {
            assert_eq!(decoded(&[level << 5, b'a'], 64), None, "level bits {level}");
        }
        assert_eq!(decoded(&[0x00, b'a', 0x20, 0x01], 64), None);
        assert!(decoded(&[0x00, b'a', 0x20, 0x00], 64).is_some());
    }
}
