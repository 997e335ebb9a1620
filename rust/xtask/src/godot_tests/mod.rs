//! `cargo xtask godot-tests`, and the Godot part of `cargo xtask test`.
//!
//! [`cases`] lists which scenarios run with which classes, [`verdict`] judges what a process of Godot printed. Several
//! cases run side by side.

mod cases;
#[cfg(test)]
mod defects;
#[cfg(all(test, target_os = "linux"))]
mod migration;
mod verdict;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::process::{self, Godot, Group, Launcher, Run};
use crate::{args, pool, stage, workspace};
use cases::Case;

pub(crate) use cases::Class;

pub(crate) const HELP: &str = "\
Builds and stages the extension, then runs the scenarios of godot-project/tests in headless Godot: each with our class
and, where they can be told apart, with the engine's own, in one process or in several that talk to each other.
Needs Godot 4.5 or newer.

  NAME...     only the cases whose names contain one of these, such as packets or ours/built-in
  --list      print the names and run nothing
  --verbose   print what the processes printed, also where all is well

A scenario of one process can be run alone with arguments of its own; its file in godot-project/tests/scenarios has them:

  cargo xtask godot -- --headless res://tests/run_tests.tscn -- --scenario=sequences \\
      --class=ENetMultiplayerPeerRs --port=30000 --sequences=10000";

/// Of a failed case; the first is most often the cause of the others.
const SHOWN_PROBLEMS: usize = 8;

/// The scene that runs a scenario.
pub(crate) const RUNNER: &str = "res://tests/run_tests.tscn";

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    names: Vec<String>,
    list: bool,
    verbose: bool,
}

/// A case that was run.
struct Outcome {
    name: String,
    duration: Duration,
    problems: Vec<String>,
    runs: Vec<Run>,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let cases = options.cases()?;
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.name));
        return Ok(());
    }
    judge(&stage::ready_for_tests()?, cases, options.verbose)
}

/// Plays the cases whose names contain one of `names` in `godot`, for which everything is ready.
///
/// # Errors
/// If there is none, or one fails.
pub(crate) fn run_in(godot: &Godot, names: &[String]) -> Result<()> {
    let options = Options {
        names: names.to_owned(),
        ..Options::default()
    };
    judge(godot, options.cases()?, false)
}

fn judge(godot: &Godot, cases: Vec<Case>, verbose: bool) -> Result<()> {
    let count = cases.len();
    let started = Instant::now();
    let launcher = Launcher::of_project(godot, &workspace::godot_project(), Some(RUNNER));
    let failed = play_all(&launcher, cases, verbose);
    println!(
        "{} of {count} cases passed in {:.0} s",
        count - failed.len(),
        started.elapsed().as_secs_f32()
    );
    if !failed.is_empty() {
        bail!("failed in Godot: {}", failed.join(", "));
    }
    Ok(())
}

/// Plays the cases of one scenario with a launcher that opens [`RUNNER`].
///
/// What becomes of the engine's own class is told, and no failure.
///
/// # Errors
/// If a case of our class fails.
pub(crate) fn play_scenario(launcher: &Launcher, scenario: &str) -> Result<()> {
    let (built_in, ours): (Vec<Case>, Vec<Case>) = cases::all()
        .into_iter()
        .filter(|case| case.scenario == scenario)
        .partition(Case::is_without_ours);
    ensure!(!ours.is_empty(), "there is no scenario {scenario:?}");
    let failed = play_all(launcher, ours, false);
    for case in built_in {
        let outcome = play(launcher, case);
        let exits: Vec<String> = outcome
            .runs
            .iter()
            .map(|run| run.exit.to_string())
            .collect();
        println!("       {} (not judged): {}", outcome.name, exits.join(", "));
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for arg in args {
            match arg.as_str() {
                "--list" => options.list = true,
                "--verbose" => options.verbose = true,
                flag if flag.starts_with('-') => return Err(args::unknown("godot-tests", flag)),
                name => options.names.push(name.to_owned()),
            }
        }
        Ok(options)
    }

    /// What they select.
    fn cases(&self) -> Result<Vec<Case>> {
        let cases: Vec<Case> = cases::all()
            .into_iter()
            .filter(|case| self.selects(&case.name))
            .collect();
        ensure!(
            !cases.is_empty(),
            "no case has a name with {:?}; --list prints them",
            self.names
        );
        Ok(cases)
    }

    fn selects(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Plays `cases`, some at a time and in their order, and reports each as it ends; answers the names of the failed ones.
fn play_all(launcher: &Launcher, cases: Vec<Case>, verbose: bool) -> Vec<String> {
    // Held while printing, so that reports do not mix.
    let printing = Mutex::new(());
    let failed = pool::run_all(cases, |case| {
        let outcome = play(launcher, case);
        let _printing = printing.lock().expect("no holder panics");
        outcome.report(verbose);
        (!outcome.problems.is_empty()).then_some(outcome.name)
    });
    failed.into_iter().flatten().collect()
}

fn play(launcher: &Launcher, case: Case) -> Outcome {
    let started = Instant::now();
    let (problems, runs) = match start(launcher, &case) {
        Ok(group) => {
            let runs = group.wait();
            (verdict::problems(&runs, launcher.allowed_errors), runs)
        }
        Err(error) => (vec![format!("{error:#}")], Vec::new()),
    };
    Outcome {
        name: case.name,
        duration: started.elapsed(),
        problems,
        runs,
    }
}

fn start(launcher: &Launcher, case: &Case) -> Result<Group> {
    let port = process::free_udp_port()?;
    let nobody = process::free_udp_port()?;
    let mut group = Group::new(case.limit);
    for player in &case.players {
        let mut command = launcher.command();
        command
            .arg("--")
            .arg(format!("--scenario={}", case.scenario))
            .arg(format!("--port={port}"))
            .arg(format!("--nobody={nobody}"))
            .args(player.arguments());
        group.spawn(player.role, &mut command)?;
    }
    Ok(group)
}

impl Outcome {
    fn report(&self, verbose: bool) {
        let seconds = self.duration.as_secs_f32();
        let word = if self.problems.is_empty() {
            "ok"
        } else {
            "FAILED"
        };
        let checks: u32 = self.runs.iter().filter_map(verdict::passed_checks).sum();
        println!("{word:<6} {} ({checks} checks, {seconds:.1} s)", self.name);
        if verbose || !self.problems.is_empty() {
            self.runs.iter().for_each(Run::print);
        }
        for problem in self.problems.iter().take(SHOWN_PROBLEMS) {
            println!("       {problem}");
        }
        if let Some(more) = self.problems.len().checked_sub(SHOWN_PROBLEMS + 1) {
            println!("       and {} more", more + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_cases_by_a_part_and_flags_are_told_apart() {
        let parse = |line: &str| Options::parse(&args::words(line));
        assert!(parse("").unwrap().selects("rpc ours/ours"));
        let some = parse("packets built-in --verbose").unwrap();
        assert!(some.verbose && !some.list);
        assert!(some.selects("packets ours/ours") && some.selects("rpc ours/built-in"));
        assert!(!some.selects("rpc ours/ours"));
        assert!(parse("--vrebose").is_err());
    }
}
