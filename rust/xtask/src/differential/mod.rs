//! `cargo xtask differential`: the same steps with the engine's classes and with ours, compared one by one.
//!
//! [`record`] knows what was recorded and which script plays it, [`processes`] runs scripts, [`observe`] reads what a
//! process told of its steps, [`compare`] finds the differences, and [`expectations`] matches them with
//! `differences.json`.

mod compare;
mod expectations;
mod observe;
mod processes;
mod record;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use serde::de::DeserializeOwned;

use crate::process::Godot;
use crate::{args, pool, stage, workspace};
use expectations::{Expectations, Found};
use observe::Step;
use processes::{Observed, Side};
use record::{ProbeFile, Recorded};

pub(crate) const HELP: &str = "\
Builds and stages the extension, then runs every probe of godot-project/tests/differential with the engine's classes
and with ours, with the network thread off and on, and compares them step by step: what calls returned, the signals,
and whether errors or warnings were printed. The engine's own classes must do what record.json says. Fails on a
difference that differences.json does not describe, and on an entry there that is not what was seen. Needs Godot 4.5 or
newer.

  --only NAME   only the probes whose names contain this";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let only = parse(args)?;
    let recorded = record::load()?;
    let expectations: Expectations = read_json("differences.json")?;
    let all = record::files(&recorded, "")?;
    expectations.check_coverage(
        |name| recorded.contains_key(name),
        recorded.keys().map(String::as_str),
        |name| all.iter().any(|file| file.has(name)),
    )?;
    let mut files = record::files(&recorded, only)?;
    if !processes::has_private_network() {
        for file in files.extract_if(.., |file| file.private_network) {
            println!(
                "left out {}: no private network here",
                file.probes.join(", ")
            );
        }
    }
    ensure!(!files.is_empty(), "no probe has a name with {only:?}");
    let godot = stage::ready_for_tests()?;
    let started = Instant::now();
    let observed = observe_all(&godot, &files, &expectations)?;
    let mut report = Report::default();
    for (file, sides) in files.iter().zip(&observed) {
        report.add(file, sides, &recorded, &expectations);
    }
    report.judge(&files, &expectations);
    report.print(&expectations);
    println!("in {:.0} s", started.elapsed().as_secs_f32());
    if !report.problems.is_empty() {
        bail!("{} problems", report.problems.len());
    }
    Ok(())
}

/// The part of a name that selects probes; empty for all.
fn parse(args: &[String]) -> Result<&str> {
    match args {
        [] => Ok(""),
        [flag, name] if flag == "--only" => Ok(name),
        [flag] if flag == "--only" => bail!("--only needs the name of a probe"),
        [flag, other, ..] if flag == "--only" => Err(args::unknown("differential", other)),
        [other, ..] => Err(args::unknown("differential", other)),
    }
}

fn folder() -> PathBuf {
    workspace::godot_project().join("tests/differential")
}

fn read_json<T: DeserializeOwned>(name: &str) -> Result<T> {
    let text =
        fs::read_to_string(folder().join(name)).with_context(|| format!("cannot read {name}"))?;
    serde_json::from_str(&text).with_context(|| format!("{name} is malformed"))
}

/// Runs each of `files` on each side; answers what the sides did, for each file.
fn observe_all(
    godot: &Godot,
    files: &[ProbeFile],
    expectations: &Expectations,
) -> Result<Vec<Vec<Observed>>> {
    let jobs = files
        .iter()
        .flat_map(|file| Side::ALL.map(|side| (file, side)));
    let observed = pool::run_all(jobs, |(file, side)| {
        let probes: Vec<&str> = file
            .probes
            .iter()
            .map(String::as_str)
            .filter(|name| side != Side::BuiltIn || expectations.engine_survives(name))
            .collect();
        let observed = processes::observe(godot, file, &probes, side);
        println!("ran    {} ({})", file.name, side.label());
        observed
    });
    let mut observed = observed.into_iter();
    let mut all = Vec::new();
    for _ in files {
        all.push(
            observed
                .by_ref()
                .take(Side::ALL.len())
                .collect::<Result<_>>()?,
        );
    }
    Ok(all)
}

/// What came of all runs.
#[derive(Debug)]
struct Report {
    probe_count: usize,
    step_count: usize,
    unthreaded: Found,
    threaded: Found,
    problems: Vec<String>,
}

impl Default for Report {
    fn default() -> Self {
        let found = |network_thread| Found {
            network_thread,
            differences: Vec::new(),
        };
        Self {
            probe_count: 0,
            step_count: 0,
            unthreaded: found(false),
            threaded: found(true),
            problems: Vec::new(),
        }
    }
}

impl Report {
    /// Compares what the three sides did with the probes of `file`.
    fn add(
        &mut self,
        file: &ProbeFile,
        sides: &[Observed],
        recorded: &BTreeMap<String, Recorded>,
        expectations: &Expectations,
    ) {
        for observed in sides {
            let of_process =
                |problem| format!("{}, {}: {problem}", file.name, observed.side.label());
            self.problems
                .extend(observed.problems.iter().map(of_process));
        }
        let steps_of = |side, name: &str| -> &[Step] {
            let observed = sides.iter().find(|observed| observed.side == side);
            observed
                .and_then(|observed| observed.probes.get(name))
                .map_or(&[], Vec::as_slice)
        };
        for name in &file.probes {
            let record = recorded[name].steps.as_slice();
            let mut built_in = steps_of(Side::BuiltIn, name);
            if expectations.engine_survives(name) {
                let unlike = compare::differences(name, record, built_in);
                let unlike = unlike.iter().map(|difference| {
                    format!("the engine's class is not as recorded: {difference}")
                });
                self.problems.extend(unlike);
            } else {
                built_in = record;
            }
            let unthreaded = steps_of(Side::Unthreaded, name);
            self.unthreaded
                .differences
                .extend(compare::differences(name, built_in, unthreaded));
            let by_emitter = |steps: &[Step]| -> Vec<Step> {
                steps.iter().cloned().map(Step::by_emitter).collect()
            };
            let threaded = by_emitter(steps_of(Side::Threaded, name));
            self.threaded.differences.extend(compare::differences(
                name,
                &by_emitter(built_in),
                &threaded,
            ));
            self.step_count += record.len();
        }
        self.probe_count += file.probes.len();
    }

    /// Matches the differences with the expected ones.
    fn judge(&mut self, files: &[ProbeFile], expectations: &Expectations) {
        let was_run = |name: &str| files.iter().any(|file| file.has(name));
        for (found, label) in [
            (&self.unthreaded, "network thread off"),
            (&self.threaded, "network thread on"),
        ] {
            let problems = expectations.problems(found, was_run);
            self.problems
                .extend(problems.iter().map(|problem| format!("{label}, {problem}")));
        }
    }

    fn print(&self, expectations: &Expectations) {
        for problem in &self.problems {
            println!("FAILED {problem}");
        }
        for (name, reason) in expectations.not_run() {
            println!("not run: {name} ({reason})");
        }
        println!("intended differences with the network thread off / on:");
        let off = expectations.counts(&self.unthreaded);
        let on = expectations.counts(&self.threaded);
        let mut reasons: Vec<&str> = off.keys().chain(on.keys()).copied().collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let count = |counts: &BTreeMap<&str, usize>| counts.get(reason).copied().unwrap_or(0);
            println!("{:>4} / {:<3} {reason}", count(&off), count(&on));
        }
        println!(
            "{} probes with {} steps, {} / {} differences, {} problems",
            self.probe_count,
            self.step_count,
            self.unthreaded.differences.len(),
            self.threaded.differences.len(),
            self.problems.len()
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_takes_one_name_and_nothing_else_is_known() {
        let parse = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            super::parse(&words).map(str::to_owned).ok()
        };
        assert_eq!(parse(""), Some(String::new()));
        assert_eq!(parse("--only mp_create"), Some("mp_create".to_owned()));
        for wrong in ["--only", "--olny a", "--only a b"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
