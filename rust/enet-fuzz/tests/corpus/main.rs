//! Fuzzing on stable Rust, as far as every test run goes: what the fuzzers found worth keeping, mutations of it, and the
//! golden datagrams.
//!
//! The mutations follow from a seed, so that a run can be had again. `cargo xtask fuzz` looks longer, and where the code
//! leads.

mod edits;

use std::env;
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use enet_fuzz::{TARGETS, Target, run};
use mutatis::check::{Check, CheckError};

use crate::edits::Edits;

/// The variable that names another seed than 1, and so makes other mutations.
const SEED: &str = "ENET_FUZZ_SEED";
/// How often all kept inputs are mutated, each time from the beginning.
const ROUNDS: u64 = 20;
/// How many mutations an input gathers in one round, on average.
const DEPTH: usize = 8;
/// How many smaller inputs are tried once one breaks a target.
const SHRINKS: usize = 200;
/// No input takes as long, on any machine: what does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_target_takes_its_corpus_and_mutations_of_it() {
    let seed: u64 = env::var(SEED).map_or(1, |text| text.parse().expect("a seed is a number"));
    watch(move |runner| {
        for target in TARGETS {
            let inputs = inputs(target);
            for round in 0..ROUNDS {
                let result = Check::new()
                    .seed(seed.wrapping_mul(ROUNDS).wrapping_add(round))
                    .iters(inputs.len() * DEPTH)
                    .max_shrink_iters(SHRINKS)
                    .run_with(Edits, inputs.clone(), |input| {
                        runner.run(target.name, input);
                        Ok::<_, String>(())
                    });
                if let Err(CheckError::Failed(failure)) = result {
                    let (name, input) = (target.name, failure.value);
                    panic!("broken, with {SEED}={seed}, by run({name:?}, &{input:?})");
                }
                result.expect("only a target fails");
            }
        }
    });
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
    watch(|runner| {
        for target in TARGETS {
            runner.run(target.name, &[]);
        }
    });
}

#[test]
fn recorded_datagrams_are_taken_from_strangers() {
    watch(|runner| {
        let mut count = 0;
        for datagram in recorded_datagrams() {
            for choice in [0, 1, 0x80, 0x81] {
                runner.run("datagram", &[&[choice], datagram.as_slice()].concat());
            }
            count += 1;
        }
        assert!(count > 2000, "{count} datagrams");
    });
}

/// Runs inputs, each of which it names beforehand.
struct Runner(Sender<(&'static str, Vec<u8>)>);

impl Runner {
    fn run(&self, target: &'static str, input: &[u8]) {
        let call = (target, input.to_vec());
        self.0.send(call).expect("watched until the end");
        run(target, input);
    }
}

/// Waits for `tests` to end, and panics if they do, or if one of their inputs does not come to an end.
fn watch(tests: impl FnOnce(&Runner) + Send + 'static) {
    let (sender, calls) = mpsc::channel();
    let tests = thread::spawn(move || tests(&Runner(sender)));
    let mut last = None;
    loop {
        match calls.recv_timeout(PATIENCE) {
            Ok(call) => last = Some(call),
            Err(RecvTimeoutError::Timeout) => {
                let (name, input) = last.expect("an input is run");
                panic!("this does not end: run({name:?}, &{input:?})");
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err(broken) = tests.join() {
        resume_unwind(broken);
    }
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What is kept for `target`, in an order that is the same everywhere.
fn inputs(target: Target) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder("corpus").join(target.name)).expect("a corpus for each");
    let mut paths: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    paths.sort();
    let read = |path| fs::read(path).expect("readable");
    paths.into_iter().map(read).collect()
}

/// The datagrams of all golden vectors.
fn recorded_datagrams() -> impl Iterator<Item = Vec<u8>> {
    let files = fs::read_dir(folder("../enet-proto/testdata/vectors")).expect("the vectors");
    files
        .map(|file| file.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .flat_map(|path| {
            let text = fs::read_to_string(&path).expect("readable");
            text.lines()
                .filter_map(recorded_datagram)
                .collect::<Vec<_>>()
        })
}

/// The datagram of a line, if it has one.
fn recorded_datagram(line: &str) -> Option<Vec<u8>> {
    let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let hex = record.get("hex")?.as_str()?;
    let byte = |digits| {
        let digits = std::str::from_utf8(digits).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("hexadecimal digits")
    };
    Some(hex.as_bytes().chunks_exact(2).map(byte).collect())
}
