//! A step of a host with many slots and nobody in them.

use std::hint::black_box;

use anyhow::Result;
use enet_proto::{Host, HostConfig, Time};

use crate::clock::thread_cpu;
use crate::party::{self, Party};
use crate::row::{Line, Mark, Setup};
use crate::stats::interleaved;
use c_enet::CHost;

pub(super) const NAME: &str = "idle";

const SLOTS: usize = 4095;
const STEPS: u32 = 2000;

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let rounds = setup.pick(21, 5);
    let mut wide = CHost::local(SLOTS, 1);
    let mut narrow = CHost::local(1, 1);
    let mut engine = Host::new(HostConfig::new(SLOTS, [7; 32]));
    let mut buffer = Vec::new();
    let mut now = 0;
    let mut threaded = party::ours(SLOTS, true);
    let mut direct = party::ours(SLOTS, false);
    let [c_wide, c_narrow, engine, threaded, direct] = interleaved(
        rounds,
        &mut [
            &mut || micros(|| Party::next(&mut wide).is_some()),
            &mut || micros(|| Party::next(&mut narrow).is_some()),
            &mut || {
                micros(|| {
                    now += 1000;
                    let now = Time::from_micros(now);
                    engine.handle_timeout(now);
                    black_box(engine.poll_transmit(now, &mut buffer));
                    black_box(engine.poll_event());
                    black_box(engine.poll_timeout()).is_some()
                })
            },
            &mut || micros(|| threaded.next().is_some()),
            &mut || micros(|| direct.next().is_some()),
        ],
    );
    let line = |work: &str, baseline, ours, mark| Line {
        row: NAME,
        work: format!("a service step with {SLOTS} slots and no peer, {work}"),
        unit: "µs",
        beside: "C ENet",
        baseline: Some(baseline),
        ours,
        mark,
    };
    let mut lines = vec![
        line("the engine alone", c_wide, engine, Mark::AtMost(0.2)),
        line("on the game's thread", c_wide, threaded, Mark::AtMost(0.2)),
        line("without the network thread", c_wide, direct, Mark::Shown),
    ];
    lines.push(Line {
        work: "the same with 1 slot, without the network thread".to_owned(),
        ..line("", c_narrow, direct, Mark::Shown)
    });
    Ok(lines)
}

/// Processor time of a step that tells whether anything happened, which it must not.
fn micros(mut step: impl FnMut() -> bool) -> f64 {
    let before = thread_cpu();
    for _ in 0..STEPS {
        assert!(!step(), "there is nobody");
    }
    (thread_cpu() - before).as_secs_f64() * 1e6 / f64::from(STEPS)
}
