//! Plays sessions from the command line; `cargo xtask sim` runs it.

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use enet_sim::play_seeds;

const USAGE: &str = "\
usage: enet-sim [--seeds N] [--from SEED] [--seed SEED]

  --seeds N    how many sessions to play, default 1000
  --from SEED  the first seed, default 0
  --seed SEED  plays the session of this seed alone";

fn main() -> Result<ExitCode> {
    let Some((from, count)) = parse(env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let started = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let report = play_seeds(from..from.saturating_add(count), threads);
    let tally = report.tally;
    println!(
        "{} sessions of seeds {from}.. kept every promise: {} connections, {} packets sent, {} arrived, \
         {} datagrams, {} virtual hours, {:.1} s",
        tally.sessions,
        tally.connections,
        tally.packets_sent,
        tally.packets_arrived,
        tally.datagrams,
        tally.virtual_seconds / 3600,
        started.elapsed().as_secs_f64(),
    );
    for failure in &report.failures {
        println!(
            "seed {0} failed: {1}\n  cargo xtask sim --seed {0} plays it alone",
            failure.seed, failure.message
        );
    }
    Ok(if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The first seed and the number of seeds; `None` asks for help.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<(u64, u64)>> {
    let (mut from, mut count) = (0, 1000);
    while let Some(argument) = arguments.next() {
        let mut number = || -> Result<u64> {
            let text = arguments.next();
            let text = text.with_context(|| format!("{argument} needs a number"))?;
            text.parse()
                .with_context(|| format!("{argument}: {text:?} is no number"))
        };
        match argument.as_str() {
            "--seeds" => count = number()?,
            "--from" => from = number()?,
            "--seed" => (from, count) = (number()?, 1),
            "--help" | "-h" => return Ok(None),
            other => bail!("there is no argument {other:?}\n{USAGE}"),
        }
    }
    Ok(Some((from, count)))
}
