//! Datagrams captured between two built-in peers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{CODECS, MAXIMUM_BODY, compressed, decompressed};

#[derive(Deserialize)]
struct Capture {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    codec: String,
    header_bytes: usize,
    datagram: String,
    plain_body: String,
}

fn capture() -> Vec<Vector> {
    let text = include_str!("../../testdata/godot-datagrams.json");
    serde_json::from_str::<Capture>(text).unwrap().vectors
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn every_captured_datagram_decodes_to_its_plain_form() {
    let mut seen = BTreeMap::new();
    for vector in capture() {
        let make = CODECS
            .into_iter()
            .find_map(|(name, make)| (name == vector.codec).then_some(make));
        let mut codec = make.unwrap()();
        let packed = bytes(&vector.datagram).split_off(vector.header_bytes);
        let plain = bytes(&vector.plain_body);
        let decoded = decompressed(codec.as_mut(), &packed, MAXIMUM_BODY);
        assert_eq!(decoded.as_ref(), Some(&plain), "{}", vector.datagram);
        // The host gives a CONNECT no more room than it takes.
        let decoded = decompressed(codec.as_mut(), &packed, plain.len());
        assert_eq!(decoded.as_ref(), Some(&plain), "{}", vector.datagram);
        assert_eq!(decompressed(codec.as_mut(), &packed, plain.len() - 1), None);
        *seen.entry(vector.codec).or_insert(0) += 1;
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(seen, [("fastlz", 9), ("zlib", 9), ("zstd", 8)]);
}

/// Where the built-in's encoder got a datagram smaller than it was, so does ours, to nearly the same size. Copies of
/// three bytes, which zlib-rs leaves out, make up to four bytes.
#[test]
fn captured_bodies_are_compressed_about_as_well_as_the_built_in_does() {
    for vector in capture() {
        for (name, make) in CODECS {
            if name == vector.codec {
                let theirs = vector.datagram.len() / 2 - vector.header_bytes;
                let plain = bytes(&vector.plain_body);
                let ours = compressed(make().as_mut(), &plain).len();
                assert!(ours < plain.len());
                assert!(ours <= theirs + 4, "{name}: {ours} bytes against {theirs}");
            }
        }
    }
}
