//! Replays what the fuzzers found worth keeping, and the golden datagrams.

use std::fs;
use std::path::{Path, PathBuf};

use enet_fuzz::{TARGETS, run};

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_target_takes_its_corpus() {
    for target in TARGETS {
        let files = fs::read_dir(folder("corpus").join(target.name)).expect("a corpus for each");
        let mut count = 0;
        for file in files {
            let path = file.expect("readable").path();
            (target.run)(&fs::read(&path).expect("readable"));
            count += 1;
        }
        assert!(count > 0, "the corpus of {} is empty", target.name);
    }
}

#[test]
fn every_target_has_a_shim() {
    for target in TARGETS {
        let shim = folder("fuzz/fuzz_targets").join(format!("{}.rs", target.name));
        assert!(shim.is_file(), "{}", shim.display());
    }
}

#[test]
fn every_target_takes_nothing_at_all() {
    for target in TARGETS {
        (target.run)(&[]);
    }
}

#[test]
fn recorded_datagrams_are_taken_from_strangers() {
    let vectors = folder("../enet-proto/testdata/vectors");
    let mut count = 0;
    for file in fs::read_dir(vectors).expect("the vectors") {
        let path = file.expect("readable").path();
        if path.extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        for line in fs::read_to_string(&path).expect("readable").lines() {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let Some(hex) = record.get("hex").and_then(serde_json::Value::as_str) else {
                continue;
            };
            for choice in [0, 1, 0x80, 0x81] {
                let mut input = vec![choice];
                input.extend(bytes(hex));
                run("datagram", &input);
            }
            count += 1;
        }
    }
    assert!(count > 2000, "{count} datagrams");
}

fn bytes(hex: &str) -> impl Iterator<Item = u8> {
    hex.as_bytes().chunks_exact(2).map(|digits| {
        let digits = std::str::from_utf8(digits).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("hexadecimal digits")
    })
}
