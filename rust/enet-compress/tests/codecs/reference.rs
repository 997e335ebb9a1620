//! FastLZ against the C library, in both directions.

use enet_compress::FastLz;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{CONTENTS, MAXIMUM_BODY, compressed, content, decompressed};

/// The C library's compressed form; it wants 16 bytes or more.
fn reference_compressed(plain: &[u8]) -> Vec<u8> {
    let mut output = vec![0; plain.len() + plain.len() / 10 + 66];
    fastlz::compress(plain, &mut output).unwrap().to_vec()
}

fn reference_decompressed(packed: &[u8], room: usize) -> Vec<u8> {
    let mut output = vec![0; room];
    fastlz::decompress(packed, &mut output).unwrap().to_vec()
}

#[test]
fn reference_reads_what_we_write() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut codec = FastLz::new();
    for class in CONTENTS {
        for len in (16..=MAXIMUM_BODY).chain([8_193, 20_000, 65_535]) {
            let plain = content(class, len, &mut random);
            let packed = compressed(&mut codec, &plain);
            let back = reference_decompressed(&packed, len);
            assert!(back == plain, "{len} bytes of {class}");
        }
    }
}

#[test]
fn we_read_what_the_reference_writes_in_both_levels() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut codec = FastLz::new();
    for class in CONTENTS {
        for len in (16..=MAXIMUM_BODY).chain([20_000, 65_535, 65_536, 200_000]) {
            let plain = content(class, len, &mut random);
            let packed = reference_compressed(&plain);
            assert_eq!(
                packed[0] >> 5,
                u8::from(len >= 65_536),
                "the level of {len} bytes"
            );
            let back = decompressed(&mut codec, &packed, len);
            assert!(back == Some(plain), "{len} bytes of {class}");
        }
    }
}

/// Summed over sizes of one class, ours is not the larger by more than one part in 25.
#[test]
fn our_form_is_about_as_small_as_the_reference() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut codec = FastLz::new();
    for class in CONTENTS {
        let (mut ours, mut theirs) = (0, 0);
        for len in (16..=MAXIMUM_BODY).step_by(16) {
            let plain = content(class, len, &mut random);
            ours += compressed(&mut codec, &plain).len();
            theirs += reference_compressed(&plain).len();
        }
        assert!(
            ours <= theirs + theirs / 25,
            "{class}: {ours} against {theirs}"
        );
    }
}
