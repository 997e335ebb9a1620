//! What holds for every codec: the built-in's datagrams are read, all content comes back, nothing bad gets through.

mod godot_datagrams;
mod hostile;
mod hosts;
mod reference;
mod round_trips;

use enet_compress::{FastLz, Zlib, Zstandard};
use enet_proto::Compressor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// The largest datagram of ENet, so the largest body.
const MAXIMUM_BODY: usize = 4096;

type Make = fn() -> Box<dyn Compressor>;

/// Each codec with its defaults, by the name it has in the test data.
const CODECS: [(&str, Make); 3] = [
    ("fastlz", || Box::new(FastLz::new())),
    ("zlib", || Box::new(Zlib::default())),
    ("zstd", || Box::new(Zstandard::default())),
];

/// Classes of content, from what shrinks to nothing to what never does.
const CONTENTS: [&str; 5] = ["one byte", "text", "game state", "few values", "noise"];

/// `len` bytes of a class of [`CONTENTS`].
fn content(class: &str, len: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = vec![0; len];
    random.fill_bytes(&mut bytes);
    match class {
        "one byte" => bytes.fill(7),
        "text" => {
            let words = [b"the quick ".as_slice(), b"brown ", b"fox ", b"jumps over "];
            let text = bytes.iter().flat_map(|byte| words[usize::from(byte % 4)]);
            bytes = text.copied().take(len).collect();
        }
        "game state" => {
            // Records of an id, a few small numbers that change a little, and one that is noise.
            for (index, record) in bytes.chunks_mut(16).enumerate() {
                let noise = record[0];
                record.fill(0);
                record[0] = index.to_le_bytes()[0];
                if let Some(value) = record.get_mut(9) {
                    *value = noise;
                }
            }
        }
        "few values" => bytes.iter_mut().for_each(|byte| *byte %= 4),
        "noise" => {}
        other => panic!("no content called {other}"),
    }
    bytes
}

/// The compressed form in as much room as it takes.
fn compressed(codec: &mut dyn Compressor, plain: &[u8]) -> Vec<u8> {
    let mut output = vec![0; 2 * plain.len() + 64];
    let len = codec.compress(plain, &mut output).expect("there is room");
    output.truncate(len);
    output
}

/// The plain form in `room` bytes.
fn decompressed(codec: &mut dyn Compressor, packed: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut output = vec![0; room];
    let len = codec.decompress(packed, &mut output)?;
    output.truncate(len);
    Some(output)
}
