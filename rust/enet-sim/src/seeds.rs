//! [`play_seeds`]: many sessions, on all cores.

use std::ops::Range;
use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::session::{Tally, play};

/// A session that broke a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Plays the same session again.
    pub seed: u64,
    /// Which promise.
    pub message: String,
}

/// What all sessions amounted to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The sum of the sessions that kept their promises.
    pub tally: Tally,
    /// The others, by seed.
    pub failures: Vec<Failure>,
}

/// Plays the sessions of `seeds` with `threads` threads, all of them whatever fails.
#[must_use]
pub fn play_seeds(seeds: Range<u64>, threads: usize) -> Report {
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = panic::catch_unwind(|| play(seed));
                    let mut report = report.lock().expect("nothing panics with it held");
                    match outcome {
                        Ok(tally) => report.tally.add(&tally),
                        Err(payload) => report.failures.push(Failure {
                            seed,
                            message: message_of(payload.as_ref()),
                        }),
                    }
                }
            });
        }
    });
    let mut report = report.into_inner().expect("nothing panics with it held");
    report.failures.sort_by_key(|failure| failure.seed);
    report
}

fn message_of(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
