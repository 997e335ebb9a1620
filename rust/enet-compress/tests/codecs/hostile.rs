//! Datagrams that nobody's encoder wrote.

use std::iter::repeat_n;

use enet_compress::{Zlib, Zstandard};
use enet_proto::Compressor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::{CODECS, CONTENTS, MAXIMUM_BODY, compressed, content, decompressed};

/// Decodes into `room` bytes and checks that those behind them stay as they were.
fn decode_within(name: &str, codec: &mut dyn Compressor, input: &[u8], room: usize) {
    let mut output = vec![0xa5; room + 64];
    let len = codec.decompress(input, &mut output[..room]);
    assert!(
        output[room..] == [0xa5; 64],
        "{name} wrote past {room} bytes for {input:02x?}"
    );
    assert!(
        len.is_none_or(|len| (1..=room).contains(&len)),
        "{name} returned {len:?}"
    );
}

/// A number below `end`.
fn below(end: usize, random: &mut ChaCha8Rng) -> usize {
    random.next_u32() as usize % end
}

#[test]
fn noise_never_panics_or_writes_past_the_output() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    for (name, make) in CODECS {
        let mut codec = make();
        for _ in 0..20_000 {
            let len = below(200, &mut random);
            let mut input = content("noise", len, &mut random);
            // The first bytes decide most; the right ones lead farther in.
            let magic: &[u8] = match name {
                "fastlz" => &[0x01],
                "zlib" => &[0x78, 0x9c],
                _ => &[0x28, 0xb5, 0x2f, 0xfd],
            };
            if random.next_u32() % 4 > 0 && input.len() >= magic.len() {
                input[..magic.len()].copy_from_slice(magic);
            }
            decode_within(
                name,
                codec.as_mut(),
                &input,
                below(MAXIMUM_BODY + 1, &mut random),
            );
        }
    }
}

#[test]
fn damaged_datagrams_never_panic_or_write_past_the_output() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    for (name, make) in CODECS {
        let mut codec = make();
        for round in 0..20_000 {
            let len = 1 + below(600, &mut random);
            let plain = content(CONTENTS[round % CONTENTS.len()], len, &mut random);
            let mut packed = compressed(codec.as_mut(), &plain);
            for _ in 0..1 + below(3, &mut random) {
                let at = below(packed.len(), &mut random);
                packed[at] = random.next_u32().to_le_bytes()[0];
            }
            packed.truncate(1 + below(packed.len(), &mut random).max(packed.len() / 2));
            decode_within(name, codec.as_mut(), &packed, below(2 * len, &mut random));
            decode_within(name, codec.as_mut(), &packed, MAXIMUM_BODY);
        }
    }
}

/// zlib and Zstandard know where they end; FastLZ does not, so a cut of it is at most a shorter form of the same.
#[test]
fn cut_datagrams_are_dropped() {
    let mut random = ChaCha8Rng::seed_from_u64(10);
    for (name, make) in CODECS {
        let mut codec = make();
        for class in CONTENTS {
            let plain = content(class, 200, &mut random);
            let packed = compressed(codec.as_mut(), &plain);
            for cut in 0..packed.len() {
                match decompressed(codec.as_mut(), &packed[..cut], MAXIMUM_BODY) {
                    None => {}
                    Some(front) => {
                        assert_eq!(name, "fastlz", "cut of {class} at {cut}");
                        assert!(front.len() < plain.len() && plain.starts_with(&front));
                    }
                }
            }
        }
    }
}

#[test]
fn good_datagrams_decode_after_every_bad_one() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for (name, make) in CODECS {
        let mut codec = make();
        let plain = content("text", 500, &mut random);
        let packed = compressed(codec.as_mut(), &plain);
        for cut in 0..packed.len() {
            decompressed(codec.as_mut(), &packed[..cut], 100);
            let back = decompressed(codec.as_mut(), &packed, plain.len());
            assert_eq!(back.as_ref(), Some(&plain), "{name} after a cut at {cut}");
        }
    }
}

/// A million zeros in a kilobyte or less: the room decides, not what the datagram would grow to.
#[test]
fn bombs_are_dropped_at_the_room_given() {
    let bomb = vec![0; 1 << 20];
    let fastlz: Vec<u8> = [0x00, 0x00]
        .into_iter()
        .chain(repeat_n([0xe0, 0xff, 0x00], 340).flatten())
        .collect();
    let bombs = [
        fastlz,
        compressed(&mut Zlib::new(9), &bomb),
        compressed(&mut Zstandard::new(19), &bomb),
    ];
    for ((name, make), bomb) in CODECS.into_iter().zip(bombs) {
        let mut codec = make();
        assert!(bomb.len() <= 1100, "{name}: {} bytes", bomb.len());
        assert!(
            decompressed(codec.as_mut(), &bomb, 1 << 20).is_some_and(|plain| plain.len() > 80_000)
        );
        assert_eq!(
            decompressed(codec.as_mut(), &bomb, MAXIMUM_BODY),
            None,
            "{name}"
        );
    }
}

#[test]
fn wrong_zlib_checksum_is_dropped() {
    let mut codec = Zlib::default();
    let mut packed = compressed(&mut codec, &[7; 100]);
    let last = packed.len() - 1;
    packed[last] ^= 1;
    assert_eq!(decompressed(&mut codec, &packed, 100), None);
    assert_eq!(decompressed(&mut codec, &packed, MAXIMUM_BODY), None);
}

/// A frame may ask for a window of gigabytes for three bytes.
#[test]
fn window_a_frame_asks_for_costs_nothing() {
    // No content size, window exponent 31 (the largest the library takes), one last raw block of three bytes.
    let frame = [
        0x28,
        0xb5,
        0x2f,
        0xfd,
        0x00,
        21 << 3,
        0x19,
        0x00,
        0x00,
        b'a',
        b'b',
        b'c',
    ];
    let mut codec = Zstandard::default();
    assert_eq!(
        decompressed(&mut codec, &frame, MAXIMUM_BODY).unwrap(),
        b"abc"
    );
}
