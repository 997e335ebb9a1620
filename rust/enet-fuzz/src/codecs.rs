//! The decompressors with any input, and that what is compressed comes back.

use enet_compress::{FastLz, Zlib, Zstandard};
use enet_proto::{Compressor, RangeCoder};

use crate::reader::Reader;

/// Longest body of a datagram.
const MAXIMUM_BODY: usize = 4094;
/// FastLZ encodes no less than this.
const FASTLZ_BLOCK: usize = 16;
/// What lies behind the room given to a codec.
const GUARD: [u8; 16] = [0xa5; 16];

/// The first byte chooses the codec, the next two the room for its output, the others are its input.
pub(crate) fn run(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut codec = codec(reader.byte() % 4);
    let room = usize::from(reader.short()) % (MAXIMUM_BODY + 1);
    let input = reader.rest();
    decompress(codec.as_mut(), input, room);
    if (1..=MAXIMUM_BODY).contains(&input.len()) {
        round_trip(codec.as_mut(), input);
    }
}

/// The codec with this number; above 3 the last.
pub(crate) fn codec(number: u8) -> Box<dyn Compressor> {
    match number {
        0 => Box::new(RangeCoder::new()),
        1 => Box::new(FastLz::new()),
        2 => Box::new(Zlib::new(-1)),
        _ => Box::new(Zstandard::new(3)),
    }
}

fn decompress(codec: &mut dyn Compressor, input: &[u8], room: usize) {
    let mut output = vec![0xa5; room + GUARD.len()];
    let len = codec.decompress(input, &mut output[..room]);
    assert!(
        len.is_none_or(|len| (1..=room).contains(&len)),
        "{len:?} of {room}"
    );
    assert_eq!(output[room..], GUARD, "written past the room");
}

fn round_trip(codec: &mut dyn Compressor, plain: &[u8]) {
    let mut packed = vec![0; MAXIMUM_BODY + 512];
    // A host sends only what became shorter.
    let packed_len = codec.compress(plain, &mut packed);
    let Some(len) = packed_len.filter(|&len| len < plain.len()) else {
        return;
    };
    // FastLZ encodes zeros behind a short body, as Godot does; ENet takes them for the end of the commands.
    let mut output = vec![0; plain.len().max(FASTLZ_BLOCK)];
    let len = codec.decompress(&packed[..len], &mut output);
    assert!(len.is_some_and(|len| len >= plain.len()), "{len:?}");
    let (front, padding) = output.split_at(plain.len());
    assert_eq!(front, plain, "comes back as it was");
    assert!(padding.iter().all(|&byte| byte == 0), "{padding:?}");
}
