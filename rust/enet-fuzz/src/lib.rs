//! What the fuzzers run: each target takes any bytes and panics if something that must hold does not.
//!
//! `cargo xtask fuzz` lets libFuzzer look for such bytes, with the shims in `fuzz/`. What it found worth keeping lies in
//! `corpus/<target>/` and is replayed by `cargo test`.

mod codecs;
mod datagram;
mod entry;
mod live;
mod peer;
mod reader;
mod wire;

/// A name and what it runs.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Names the shim and the corpus too.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 6] = [
    Target {
        name: "datagram",
        run: datagram::run,
    },
    Target {
        name: "codecs",
        run: codecs::run,
    },
    Target {
        name: "peer",
        run: peer::run,
    },
    Target {
        name: "handshake",
        run: live::handshake,
    },
    Target {
        name: "traffic",
        run: live::traffic,
    },
    Target {
        name: "session",
        run: session,
    },
];

/// Runs the target called `name`.
///
/// # Panics
/// If there is none, or what the target checks does not hold.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target's name").run)(data);
}

/// A server, its clients and the network between them, from a script of operations.
fn session(data: &[u8]) {
    let _ = enet_sim::play_script(data);
}
