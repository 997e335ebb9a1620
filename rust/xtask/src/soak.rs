//! `cargo xtask soak`: clients that come and go through a bad network, and whether anything is lost or left behind.
//!
//! [`play`] starts the processes: `godot-project/tests/scenarios/soak.gd` and the network, `enet-proxy`. [`account`] is
//! what they tell, [`usage`] what the system tells of them, [`verdict`] and [`growth`] what must hold.

mod account;
mod growth;
mod play;
mod report;
mod trend;
mod usage;
mod verdict;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use crate::build::{self, Profile};
use crate::{args, stage};
use play::Soak;

pub(crate) const HELP: &str = "\
Lets 24 clients of three kinds (ours with and without its network thread, the engine's own) join a headless server of
ours through a network with delay, jitter, loss, duplicates, reordering and outages, play, leave in every way there is
(in order, at once, kicked, by silence, killed) and come again, all of them processes of their own. It fails if

  - a reliable packet of a connection that ended in order did not come once, in turn and whole on either side, or what
    came of another one is no beginning of what was sent
  - a connection ended that nobody wanted to end, or the two sides disagree about who came and left
  - a process of ours has more threads, descriptors or objects when all have left than before
  - in 10 minutes or more: it has more threads or descriptors than in the first two minutes, or its memory grows beyond
    what its players may have under way
  - something did not happen that was to be survived: loss, duplicates, reordering, a connection that ended in order; in
    10 minutes or more also outages, killed processes and every way to leave

  --minutes N    how long clients come, 1 to 1440; default 30
  --quick        10 seconds, without a judgement of memory
  --seed N       what decides about chance; without it, the time";

const QUICK_SECONDS: u64 = 10;
/// Problems that are printed; the first are most often the cause of the others.
const SHOWN_PROBLEMS: usize = 20;

fn parse(args: &[String]) -> Result<Soak> {
    let (mut seconds, mut seed) = (30 * 60_u64, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => seconds = QUICK_SECONDS,
            "--minutes" => {
                let minutes = args.next().and_then(|text| text.parse().ok());
                let minutes = minutes.filter(|minutes: &u64| (1..=1440).contains(minutes));
                seconds = 60 * minutes.context("--minutes needs a whole number from 1 to 1440")?;
            }
            "--seed" => {
                let number = args.next().and_then(|text| text.parse().ok());
                seed = Some(number.context("--seed needs a whole number")?);
            }
            _ => return Err(args::unknown("soak", arg)),
        }
    }
    let clock = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    };
    Ok(Soak {
        seconds,
        seed: seed.unwrap_or_else(clock),
    })
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let soak = parse(args)?;
    ensure!(
        cfg!(target_os = "linux"),
        "only Linux tells of memory, threads and descriptors as this reads them"
    );
    build::program("enet-proxy", Profile::Release)?;
    let godot = stage::ready_for_tests()?;
    println!("\nsoak of {} s, seed {}", soak.seconds, soak.seed);
    let outcome = soak.play(&godot)?;
    let problems = verdict::problems(&outcome);
    if !problems.is_empty() {
        outcome.runs.iter().for_each(crate::process::Run::print);
    }
    println!("\nsoak of {} s, seed {}", soak.seconds, soak.seed);
    print!("{}", report::table(&outcome));
    let shown: Vec<String> = problems.iter().take(SHOWN_PROBLEMS).cloned().collect();
    let count = problems.len();
    ensure!(
        problems.is_empty(),
        "{count} problems\n  {}",
        shown.join("\n  ")
    );
    println!("nothing lost, nothing left behind");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_seed_are_taken_from_the_command_line() {
        let soak = |line: &str| parse(&args::words(line));
        assert_eq!(soak("").unwrap().seconds, 1800);
        assert_eq!(
            soak("--minutes 10 --seed 7").unwrap(),
            Soak {
                seconds: 600,
                seed: 7
            }
        );
        assert_eq!(soak("--quick").unwrap().seconds, QUICK_SECONDS);
        for line in [
            "--minutes",
            "--minutes 0",
            "--minutes x",
            "--seed",
            "--seed x",
        ] {
            let error = soak(line).unwrap_err().to_string();
            assert!(error.contains("needs a whole number"), "{line}: {error}");
        }
    }
}
