//! Against the pairs and hostile streams recorded from ENet 1.3.18.

use serde::Deserialize;

use super::RangeCoder;
use crate::checksum::crc32;
use crate::compress::Compressor;
use crate::tests::vectors::{bytes, hex, load};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    class: String,
    plain_len: usize,
    packed_len: usize,
    shrinks: bool,
    plain: String,
    packed: String,
}

#[derive(Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum Stream {
    Hostile {
        packed: String,
        out_len: usize,
        crc32: String,
    },
    Expansion {
        byte: u8,
        plain_len: usize,
        packed_len: usize,
        packed: String,
    },
}

/// What the decoder may write in a datagram without checksum: 4096 bytes less the header.
const OUTPUT_LIMIT: usize = 4092;

fn compress(coder: &mut RangeCoder, plain: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut output = vec![0; limit];
    let len = coder.compress(plain, &mut output)?;
    output.truncate(len);
    Some(output)
}

fn decompress(coder: &mut RangeCoder, packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut output = vec![0; limit];
    let len = coder.decompress(packed, &mut output)?;
    output.truncate(len);
    Some(output)
}

#[test]
fn all_315_recorded_pairs_pack_and_unpack_to_the_same_bytes() {
    let pairs: Vec<Pair> = load("rangecoder_pairs");
    let mut coder = RangeCoder::new();
    for pair in &pairs {
        let name = format!("{} of {} bytes", pair.class, pair.plain_len);
        let (plain, packed) = (bytes(&pair.plain), bytes(&pair.packed));
        assert_eq!(
            (plain.len(), packed.len()),
            (pair.plain_len, pair.packed_len),
            "{name}"
        );
        let ours =
            compress(&mut coder, &plain, 2 * plain.len() + 64).expect("the limit is generous");
        assert_eq!(hex(&ours), pair.packed, "{name}");
        assert_eq!(
            decompress(&mut coder, &packed, plain.len())
                .map(|plain| hex(&plain))
                .as_ref(),
            Some(&pair.plain),
            "{name}"
        );
        assert_eq!(packed.len() < plain.len(), pair.shrinks, "{name}");
    }
    assert_eq!(pairs.len(), 315);
}

#[test]
fn output_limits_are_exact_in_both_directions() {
    let mut coder = RangeCoder::new();
    for pair in load::<Pair>("rangecoder_pairs") {
        let (plain, packed) = (bytes(&pair.plain), bytes(&pair.packed));
        assert_eq!(
            compress(&mut coder, &plain, packed.len()),
            Some(packed.clone())
        );
        assert_eq!(
            compress(&mut coder, &plain, packed.len() - 1),
            None,
            "{} of {} bytes",
            pair.class,
            plain.len()
        );
        assert_eq!(
            decompress(&mut coder, &packed, plain.len() - 1),
            None,
            "{} of {} bytes",
            pair.class,
            plain.len()
        );
    }
}

#[test]
fn streams_no_encoder_wrote_decode_as_the_reference_decodes_them() {
    let mut coder = RangeCoder::new();
    let (mut hostile, mut expansions, mut refused) = (0, 0, 0);
    for stream in load::<Stream>("rangecoder_decode_hostile") {
        match stream {
            Stream::Hostile {
                packed,
                out_len,
                crc32: crc,
            } => {
                hostile += 1;
                let plain = decompress(&mut coder, &bytes(&packed), OUTPUT_LIMIT);
                refused += usize::from(plain.is_none());
                let plain = plain.unwrap_or_default();
                assert_eq!(
                    (plain.len(), format!("{:08x}", crc32(&plain))),
                    (out_len, crc),
                    "{packed}"
                );
            }
            Stream::Expansion {
                byte,
                plain_len,
                packed_len,
                packed,
            } => {
                expansions += 1;
                let plain = vec![byte; plain_len];
                assert_eq!(
                    compress(&mut coder, &plain, plain_len).map(|packed| hex(&packed)),
                    Some(packed.clone())
                );
                assert_eq!(
                    decompress(&mut coder, &bytes(&packed), OUTPUT_LIMIT),
                    Some(plain)
                );
                assert_eq!(packed.len(), 2 * packed_len);
            }
        }
    }
    println!("{hostile} hostile streams, {refused} of them refused; {expansions} expansions");
    assert_eq!((hostile, expansions), (160, 6));
}

#[test]
fn nothing_goes_in_and_nothing_comes_out() {
    let mut coder = RangeCoder::new();
    assert_eq!(compress(&mut coder, b"", 100), None);
    assert_eq!(
        decompress(&mut coder, b"", 100),
        None,
        "the first symbol is the end"
    );
    assert_eq!(compress(&mut coder, b"a", 0), None);
    assert_eq!(decompress(&mut coder, b"\xff\xff", 0), None);
}

/// Every short stream, and long ones of all kinds, ends and stays within the output.
#[test]
fn any_input_ends_without_a_panic() {
    let mut coder = RangeCoder::new();
    let mut output = [0; OUTPUT_LIMIT];
    for first in 0..=255 {
        for second in (0..=255).step_by(51) {
            for len in 1..=4 {
                coder.decompress(&[first, second, !first, first ^ second][..len], &mut output);
            }
        }
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..200 {
        let mut stream = [0_u8; 1400];
        for byte in &mut stream {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
        let used = usize::from(stream[0]) * 5;
        coder.decompress(&stream[..used], &mut output);
    }
}

#[test]
fn no_call_allocates_after_the_first_with_such_input() {
    let mut coder = RangeCoder::new();
    let mut output = [0; 2 * OUTPUT_LIMIT];
    let input: Vec<u8> = (0..OUTPUT_LIMIT)
        .map(|i| ((i * i) >> 3).to_le_bytes()[0])
        .collect();
    coder.compress(&input, &mut output);
    let capacity = coder.model.capacity();
    assert_eq!(capacity.0, 4096);
    for _ in 0..10 {
        coder.compress(&input, &mut output);
        coder.decompress(&input, &mut output);
    }
    assert_eq!(coder.model.capacity(), capacity);
}
