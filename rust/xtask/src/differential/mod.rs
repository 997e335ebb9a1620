//! `cargo xtask differential`: the same steps with the engine's classes and with ours, compared one by one.
//!
//! [`observe`] reads what a process told of its steps, [`compare`] finds the differences and matches them with
//! `differences.json`.

mod compare;
mod observe;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::process::{Exit, Godot, Group, Run};
use crate::{args, stage, workspace};
use compare::{Difference, Expectations};
use observe::{Probes, RecordedStep, Step};

pub(crate) const HELP: &str = "\
Builds and stages the extension, then runs every probe of godot-project/tests/differential with the engine's classes
and with ours (network thread off), and compares them step by step: what calls returned, the signals, and whether
errors or warnings were printed. The engine's own classes must do what record.json says. Fails on a difference that
differences.json does not name, and on an entry there that does not differ any more.

  --only NAME   only the probes whose names contain this";

const FOLDER: &str = "tests/differential";
const RUNNER: &str = "res://tests/differential/run_probes.tscn";
/// The last line of a process that ran all its probes.
const DONE: &str = "PROBES DONE";
/// For the two processes of a file; generous, since others may be using the machine.
const LIMIT: Duration = Duration::from_secs(240);

/// The part of `record.json` that is compared.
#[derive(Debug, Deserialize)]
struct Record {
    scenarios: Vec<Scenario>,
}

#[derive(Debug, Deserialize)]
struct Scenario {
    name: String,
    steps: Vec<RecordedStep>,
}

/// A file of probes, and those of its probes that were chosen.
struct ProbeFile {
    name: String,
    probes: Vec<String>,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let only = parse(args)?;
    let record: Record = read_json("record.json")?;
    let expectations: Expectations = read_json("differences.json")?;
    let recorded: BTreeMap<String, Vec<Step>> = record
        .scenarios
        .into_iter()
        .filter(|scenario| scenario.name.contains(only))
        .map(|scenario| {
            let steps = scenario.steps.into_iter().map(Step::from).collect();
            (scenario.name, steps)
        })
        .collect();
    let files = probe_files(&recorded)?;
    ensure!(!files.is_empty(), "no probe has a name with {only:?}");
    let godot = stage::ready()?;
    let started = Instant::now();
    let mut problems = Vec::new();
    let mut found = Vec::new();
    let (mut probe_count, mut step_count) = (0, 0);
    for file in &files {
        let (built_in, ours) = observe_both(&godot, file, &mut problems)?;
        for name in &file.probes {
            let steps = &recorded[name];
            let built_in = built_in.get(name).map_or(&[][..], Vec::as_slice);
            let ours = ours.get(name).map_or(&[][..], Vec::as_slice);
            let unlike_record = compare::differences(name, steps, built_in);
            problems.extend(
                unlike_record.iter().map(|difference| {
                    format!("the engine's class is not as recorded: {difference}")
                }),
            );
            found.extend(compare::differences(name, built_in, ours));
            step_count += steps.len();
        }
        probe_count += file.probes.len();
        println!("ran    {} ({} probes)", file.name, file.probes.len());
    }
    let was_run = |name: &str| {
        files
            .iter()
            .any(|file| file.probes.iter().any(|p| p == name))
    };
    problems.extend(expectations.problems(&found, was_run, only.is_empty()));
    report(&found, &problems);
    println!(
        "{probe_count} probes with {step_count} steps, {} differences in {:.0} s",
        found.len(),
        started.elapsed().as_secs_f32()
    );
    if !problems.is_empty() {
        bail!("{} problems", problems.len());
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

fn report(found: &[Difference], problems: &[String]) {
    for problem in problems {
        println!("FAILED {problem}");
    }
    if problems.is_empty() {
        println!("ok     all {} differences are named", found.len());
    }
}

fn read_json<T: DeserializeOwned>(name: &str) -> Result<T> {
    let path = workspace::godot_project().join(FOLDER).join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
    serde_json::from_str(&text).with_context(|| format!("{name} is malformed"))
}

/// The files that have a probe of `recorded`, by name.
fn probe_files(recorded: &BTreeMap<String, Vec<Step>>) -> Result<Vec<ProbeFile>> {
    let folder = workspace::godot_project().join(FOLDER).join("probes");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).context("cannot list the probes")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "gd") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let probes: Vec<String> = text
            .lines()
            .filter_map(|line| Some(line.strip_prefix("func ")?.split_once('(')?.0))
            .filter(|name| recorded.contains_key(*name))
            .map(str::to_owned)
            .collect();
        if let Some(stem) = path.file_stem()
            && !probes.is_empty()
        {
            files.push(ProbeFile {
                name: stem.to_string_lossy().into_owned(),
                probes,
            });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Runs the probes of `file` with the engine's classes and with ours.
fn observe_both(
    godot: &Godot,
    file: &ProbeFile,
    problems: &mut Vec<String>,
) -> Result<(Probes, Probes)> {
    let mut group = Group::new(LIMIT);
    for (name, suffix) in [("built-in", ""), ("ours", "Rs")] {
        let mut command = godot.command(&workspace::godot_project());
        command
            .args([RUNNER, "--", "--unthreaded"])
            .arg(format!("--file={}", file.name))
            .arg(format!("--probes={}", file.probes.join(",")))
            .arg(format!("--suffix={suffix}"));
        group.spawn(name, &mut command)?;
    }
    let mut observed = Vec::new();
    for run in group.wait() {
        problems.extend(
            process_problems(&run)
                .into_iter()
                .map(|problem| format!("{} of {}: {problem}", file.name, run.name)),
        );
        observed.push(observe::probes(&run.lines)?);
    }
    let ours = observed.pop().unwrap_or_default();
    Ok((observed.pop().unwrap_or_default(), ours))
}

/// What is wrong with a process as a whole. Errors it printed belong to its steps.
fn process_problems(run: &Run) -> Vec<String> {
    let mut problems = Vec::new();
    if run.exit != Exit::Code(0) {
        problems.push(run.exit.to_string());
    }
    if !run.lines.iter().any(|line| line == DONE) {
        problems.push(format!("no line {DONE:?}"));
    }
    problems.extend(
        run.lines
            .iter()
            .filter(|line| line.contains("panic"))
            .cloned(),
    );
    problems
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
