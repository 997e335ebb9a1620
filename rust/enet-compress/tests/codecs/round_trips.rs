//! Content of every class and size comes back as it was.

use enet_compress::{FastLz, Zlib, Zstandard};
use enet_proto::Compressor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{CODECS, CONTENTS, MAXIMUM_BODY, compressed, content, decompressed};

/// What `plain` comes back as: FastLZ fills up to 16 bytes with zeros.
fn returned(name: &str, plain: &[u8]) -> Vec<u8> {
    let mut returned = plain.to_vec();
    if name == "fastlz" && plain.len() < 16 {
        returned.resize(16, 0);
    }
    returned
}

#[test]
fn every_size_of_every_content_comes_back() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (name, make) in CODECS {
        let mut codec = make();
        for class in CONTENTS {
            for len in 1..=MAXIMUM_BODY {
                let plain = content(class, len, &mut random);
                let packed = compressed(codec.as_mut(), &plain);
                let back = decompressed(codec.as_mut(), &packed, MAXIMUM_BODY);
                assert!(
                    back == Some(returned(name, &plain)),
                    "{name}: {len} bytes of {class}"
                );
            }
        }
    }
}

#[test]
fn every_level_comes_back_and_levels_out_of_range_are_taken_to_the_nearest() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let plain = content("text", 3000, &mut random);
    let levels = (-7..=22).chain([i32::MIN, i32::MAX]);
    for level in levels {
        let codecs: [Box<dyn Compressor>; 2] =
            [Box::new(Zlib::new(level)), Box::new(Zstandard::new(level))];
        for mut codec in codecs {
            let packed = compressed(codec.as_mut(), &plain);
            let back = decompressed(codec.as_mut(), &packed, MAXIMUM_BODY);
            assert!(back.as_ref() == Some(&plain), "level {level}");
        }
    }
    let zlib = |level| compressed(&mut Zlib::new(level), &plain);
    assert_eq!(zlib(-1), zlib(6));
    assert_eq!(zlib(i32::MAX), zlib(9));
    assert!(zlib(0).len() > plain.len() && zlib(9).len() < zlib(1).len());
    let zstandard = |level| compressed(&mut Zstandard::new(level), &plain);
    assert_eq!(zstandard(0), zstandard(3));
    assert_eq!(zstandard(i32::MAX), zstandard(22));
    assert!(zstandard(19).len() < zstandard(-7).len());
}

#[test]
fn what_came_before_changes_nothing() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for (name, make) in CODECS {
        let mut used = make();
        for round in 0..200 {
            let plain = content(
                CONTENTS[round % CONTENTS.len()],
                20 * round + 1,
                &mut random,
            );
            let packed = compressed(used.as_mut(), &plain);
            assert_eq!(
                packed,
                compressed(make().as_mut(), &plain),
                "{name}, round {round}"
            );
            // A failure in each direction must leave nothing behind either.
            assert_eq!(used.compress(&plain, &mut []), None);
            assert_eq!(used.decompress(&packed[..packed.len() / 2], &mut []), None);
        }
    }
}

#[test]
fn compressed_form_fits_or_fails() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for (name, make) in CODECS {
        let mut codec = make();
        for class in CONTENTS {
            let plain = content(class, 300, &mut random);
            let packed = compressed(codec.as_mut(), &plain);
            for room in 0..packed.len() + 2 {
                let mut output = vec![0xa5; room + 8];
                let len = codec.compress(&plain, &mut output[..room]);
                assert!(
                    output[room..] == [0xa5; 8],
                    "{name}: wrote past {room} bytes"
                );
                match len {
                    Some(len) => assert_eq!(output[..len], packed, "{name} in {room} bytes"),
                    None => assert!(room < packed.len(), "{name} fits {room} bytes of {class}"),
                }
            }
        }
    }
}

#[test]
fn nothing_is_no_input() {
    for (name, make) in CODECS {
        let mut codec = make();
        assert_eq!(codec.compress(&[], &mut [0; 64]), None, "{name}");
        assert_eq!(codec.decompress(&[], &mut [0; 64]), None, "{name}");
    }
    assert_eq!(
        FastLz::new().compress(&vec![0; 65_536], &mut vec![0; 65_536]),
        None
    );
}

#[test]
fn forms_are_those_of_the_built_in() {
    let plain = [7; 300];
    let fastlz = compressed(&mut FastLz::new(), &plain);
    assert_eq!(fastlz[0] >> 5, 0, "level 1");
    let zlib = compressed(&mut Zlib::default(), &plain);
    assert_eq!(zlib[0], 0x78, "deflate with a window of 32 KiB");
    assert_eq!(u16::from_be_bytes([zlib[0], zlib[1]]) % 31, 0);
    assert_eq!(zlib[1] & 0x20, 0, "no dictionary");
    let zstandard = compressed(&mut Zstandard::default(), &plain);
    assert_eq!(zstandard[..4], [0x28, 0xb5, 0x2f, 0xfd]);
    // Single segment with the size, less 256, in two bytes; no checksum, no dictionary.
    assert_eq!(zstandard[4..7], [0x60, 44, 0]);
}
