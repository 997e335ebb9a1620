//! Reads the recordings of ENet 1.3.18 in `testdata/vectors`; its README says what they are.

use std::fs;

use serde::de::DeserializeOwned;

/// The records of `testdata/vectors/{name}.jsonl`, the `about` record left out.
pub(crate) fn load<R: DeserializeOwned>(name: &str) -> Vec<R> {
    let path = format!(
        "{}/testdata/vectors/{name}.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with(r#"{"kind":"about""#)),
        "{name}: no about record"
    );
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error} in {line}"))
    };
    lines.map(parse).collect()
}

/// The bytes behind hex digits.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "odd number of digits: {hex}");
    let digit = |c: u8| {
        (c as char)
            .to_digit(16)
            .unwrap_or_else(|| panic!("not hex: {hex}"))
    };
    let byte = |pair: &[u8]| {
        u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).expect("two hex digits fit")
    };
    hex.as_bytes().chunks_exact(2).map(byte).collect()
}

/// Hex digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
