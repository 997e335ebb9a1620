//! What each codec costs and saves for a datagram: `cargo bench -p enet-compress`.

use std::hint::black_box;
use std::time::Instant;

use enet_compress::{FastLz, Zlib, Zstandard};
use enet_proto::{Compressor, RangeCoder};

/// Calls timed together.
const BATCH: usize = 200;
/// The middle one counts.
const BATCHES: usize = 21;

fn main() {
    let codecs: [(&str, Box<dyn Compressor>); 4] = [
        ("range coder", Box::new(RangeCoder::new())),
        ("FastLZ", Box::new(FastLz::new())),
        ("zlib", Box::new(Zlib::default())),
        ("Zstandard", Box::new(Zstandard::default())),
    ];
    println!("codec        body         bytes      to   compress ns  decompress ns");
    for (name, mut codec) in codecs {
        for len in [60, 300, 1_380] {
            for (body, plain) in [("game state", game_state(len)), ("text", text(len))] {
                report(name, codec.as_mut(), body, &plain);
            }
        }
    }
}

fn report(name: &str, codec: &mut dyn Compressor, body: &str, plain: &[u8]) {
    let mut packed = vec![0; 2 * plain.len() + 64];
    let mut back = vec![0; 4096];
    let len = codec.compress(plain, &mut packed).expect("there is room");
    let packing = median_nanos(|| codec.compress(black_box(plain), &mut packed));
    let unpacking = median_nanos(|| codec.decompress(black_box(&packed[..len]), &mut back));
    let bytes = plain.len();
    println!("{name:<12} {body:<10} {bytes:>7} {len:>7} {packing:>13} {unpacking:>14}");
}

fn median_nanos(mut call: impl FnMut() -> Option<usize>) -> u128 {
    let mut nanos: Vec<u128> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                black_box(call()).expect("it worked before");
            }
            start.elapsed().as_nanos() / BATCH as u128
        })
        .collect();
    nanos.sort_unstable();
    nanos[BATCHES / 2]
}

/// Records of 24 bytes: a command's header, an id, a position that moves a little, as floats, and zeros.
fn game_state(len: usize) -> Vec<u8> {
    let record = |index: u16| {
        let along = f32::from(index).mul_add(0.37, 12.5).to_le_bytes();
        let across = f32::from(index).sin().to_le_bytes();
        let [low, high] = index.to_be_bytes();
        let head = [0x07, 0x01, 0x00, 0x2a, high, low, 0x00, 0x10];
        [head.as_slice(), &along, &across, &[0; 8]].concat()
    };
    (0..).flat_map(record).take(len).collect()
}

fn text(len: usize) -> Vec<u8> {
    let line = "player says: meet me at the old bridge, bring the others and number ";
    let lines = (100..).flat_map(|number| format!("{line}{number}\n").into_bytes());
    lines.take(len).collect()
}
