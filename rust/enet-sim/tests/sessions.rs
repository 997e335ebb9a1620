//! A short slice of the simulation; `cargo xtask sim` plays more.

use enet_sim::{play, play_seeds};

#[test]
fn random_sessions_keep_every_promise() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = play_seeds(0..400, threads);
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert!(report.tally.packets_arrived > 0, "{:?}", report.tally);
}

#[test]
fn a_seed_plays_the_same_session_every_time() {
    for seed in [3, 77] {
        assert_eq!(play(seed), play(seed));
    }
}

/// A ping that found its datagram full of acknowledgements, a bandwidth of a few bytes a second that was lifted, and
/// what looked at the wrong moment.
#[test]
fn sessions_that_failed_once_keep_their_promises() {
    for seed in [5_000_541, 5_009_380, 5_021_525, 5_039_290] {
        let _ = play(seed);
    }
}
