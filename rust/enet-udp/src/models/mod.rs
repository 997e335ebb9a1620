//! Models: the real code of this crate under a scheduler that tries one order of its threads after the other.
//!
//! `cargo test --package enet-udp --features models --lib` runs them, as `cargo xtask test` does. What is not the real
//! code is below [`system`]: locks, atomics and threads are [`shuttle`]'s, the clock stands still unless a model moves
//! it, and the poll and the sockets are those of a network in memory. As nothing but a wake-up ends a wait while the
//! clock stands, a wake-up that is lost leaves all threads waiting, which fails the model as a deadlock.
//!
//! Shuttle, and not loom: no wake-up is lost because stores and loads are sequentially consistent, which loom takes for
//! weaker and reports; and a whole host with its engine takes hundreds of steps, of whose orders loom would try all.
//! Here the small models ([`every_order`]) try all orders and the large ones ([`many_orders`]) a few thousand, half of
//! them at random and half by priorities that change a few times. What shuttle cannot see are weaker orders of memory:
//! `cargo xtask sanitize` has Miri and ThreadSanitizer for these.

mod carrier;
mod direct;
mod ending;
mod inbox;
mod remote;
mod sleeper;
pub(crate) mod socket;
pub(crate) mod system;
mod threaded;
mod watch;

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

/// Steps after which an execution counts as one that never ends.
const STEPS: usize = 100_000;
/// Changes of priority in an execution, and one.
const DEPTH: usize = 4;
/// What the schedulers draw their orders from.
const SEED: u64 = 5;

/// Tries every order of the threads of `model`.
fn every_order(model: impl Fn() + Send + Sync + 'static) {
    let tried = run(DfsScheduler::new(None, false), model);
    assert!(tried > 1, "there was nothing to choose");
}

/// Tries `count` orders of the threads of `model`.
fn many_orders(count: usize, model: impl Fn() + Clone + Send + Sync + 'static) {
    let half = count / 2;
    run(
        PctScheduler::new_from_seed(SEED, DEPTH, half),
        model.clone(),
    );
    run(RandomScheduler::new_from_seed(SEED, half), model);
}

fn run(scheduler: impl Scheduler + 'static, model: impl Fn() + Send + Sync + 'static) -> usize {
    let mut config = Config::default();
    config.stack_size = 0x4_0000;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        system::begin();
        model();
    })
}
