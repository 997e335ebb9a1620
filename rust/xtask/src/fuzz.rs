//! `cargo xtask fuzz`: libFuzzer on every target of `enet-fuzz`.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{args, workspace};

pub(crate) const HELP: &str = "\
Lets libFuzzer look for inputs that break a target of rust/enet-fuzz, one target after the other, with AddressSanitizer.
Needs the nightly toolchain and cargo-fuzz (cargo install cargo-fuzz). What it finds interesting stays in the folder
`fuzz` of Cargo's target folder; what breaks a target is kept in rust/enet-fuzz/fuzz/artifacts, and the last lines say
how to run it again.

  TARGET...      only these; each has a folder in rust/enet-fuzz/corpus
  --minutes N    for how long in all, default 6";

const DEFAULT_MINUTES: u64 = 6;
/// Longest input, in bytes: a choice and the largest datagram.
const MAXIMUM_LEN: usize = 4100;

/// What fuzzing needs of the machine.
struct Tool {
    /// What ends well where it is there: a program and its arguments.
    probe: &'static [&'static str],
    /// What to tell where it is not.
    lack: &'static str,
}

/// Each builds on the one before.
const TOOLS: [Tool; 3] = [
    Tool {
        probe: &["rustup", "--version"],
        lack: "rustup is missing: get it from https://rustup.rs",
    },
    Tool {
        probe: &["rustup", "run", "nightly", "rustc", "--version"],
        lack: "nightly Rust is missing: rustup toolchain install nightly",
    },
    Tool {
        probe: &["rustup", "run", "nightly", "cargo", "fuzz", "--version"],
        lack: "cargo-fuzz is missing: cargo install cargo-fuzz",
    },
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    let plan = Plan::parse(args, &all_targets()?)?;
    if let Some(tool) = TOOLS.iter().find(|tool| !is_there(tool.probe)) {
        bail!("{}", tool.lack);
    }
    let seconds = (plan.minutes * 60 / plan.targets.len() as u64).max(1);
    let mut broken = Vec::new();
    for target in plan.targets {
        if let Err(error) = fuzz(&target, seconds) {
            println!("{target}: {error:#}");
            broken.push(target);
        }
    }
    ensure!(broken.is_empty(), "broken: {}", broken.join(", "));
    Ok(())
}

/// What to fuzz and for how long.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    targets: Vec<String>,
    minutes: u64,
}

/// The names of all targets, sorted.
fn all_targets() -> Result<Vec<String>> {
    let corpus = workspace::root().join("rust/enet-fuzz/corpus");
    let shown = workspace::shown(&corpus);
    let entries = std::fs::read_dir(&corpus).with_context(|| format!("cannot list {shown}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry
            .with_context(|| format!("cannot list {shown}"))?
            .file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    ensure!(!names.is_empty(), "{shown} is empty");
    names.sort();
    Ok(names)
}

impl Plan {
    /// Reads the arguments, where `all` are the targets there are.
    fn parse(args: &[String], all: &[String]) -> Result<Self> {
        let mut plan = Self {
            targets: Vec::new(),
            minutes: DEFAULT_MINUTES,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--minutes" {
                let text = args.next().context("--minutes needs a number")?;
                let minutes = text.parse().ok().filter(|&minutes| minutes > 0);
                plan.minutes = minutes.with_context(|| format!("{text:?} is no number above 0"))?;
            } else if arg.starts_with('-') {
                return Err(args::unknown("fuzz", arg));
            } else if all.contains(arg) {
                plan.targets.push(arg.clone());
            } else {
                bail!("there is no target {arg:?}; there are: {}", all.join(", "));
            }
        }
        if plan.targets.is_empty() {
            plan.targets.extend_from_slice(all);
        }
        Ok(plan)
    }
}

/// Whether a command of a tool ends well; what it prints is not shown.
fn is_there(probe: &[&str]) -> bool {
    let Some((program, arguments)) = probe.split_first() else {
        return false;
    };
    let output = command(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

/// A program, free of the toolchain that runs us, which is not the one that fuzzes.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_remove("CARGO").env_remove("RUSTC");
    command
}

/// Fuzzes one target; what is kept of its corpus only seeds it.
fn fuzz(target: &str, seconds: u64) -> Result<()> {
    let folder = workspace::root().join("rust/enet-fuzz");
    let found = workspace::target_dir()?.join("fuzz").join(target);
    std::fs::create_dir_all(&found)
        .with_context(|| format!("cannot make {}", workspace::shown(&found)))?;
    println!("$ cargo fuzz run {target}");
    let status = command("rustup")
        .args(["run", "nightly", "cargo", "fuzz", "run", "--fuzz-dir"])
        .arg(folder.join("fuzz"))
        .arg(target)
        .arg(&found)
        .arg(folder.join("corpus").join(target))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAXIMUM_LEN}"))
        .arg("-print_final_stats=1")
        .current_dir(&folder)
        .status()
        .context("cannot start rustup")?;
    ensure!(status.success(), "cargo fuzz ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Plan> {
        Plan::parse(&args::words(line), &all_targets()?)
    }

    #[test]
    fn without_arguments_every_target_is_fuzzed() {
        let all = Plan {
            targets: all_targets().unwrap(),
            minutes: DEFAULT_MINUTES,
        };
        assert_eq!(plan("").unwrap(), all);
    }

    #[test]
    fn targets_and_minutes_can_be_chosen() {
        let chosen = Plan {
            targets: args::words("peer codecs"),
            minutes: 30,
        };
        assert_eq!(plan("peer --minutes 30 codecs").unwrap(), chosen);
    }

    #[test]
    fn a_tool_is_there_if_its_command_ends_well() {
        assert!(is_there(&["cargo", "--version"]));
        assert!(!is_there(&["cargo", "no-such-subcommand"]));
        assert!(!is_there(&["no-such-program", "--version"]));
        assert!(!is_there(&[]));
    }

    #[test]
    fn wrong_arguments_say_what_is_wrong() {
        let error = |line: &str| plan(line).unwrap_err().to_string();
        assert!(error("peers").contains("\"peers\"") && error("peers").contains("handshake"));
        assert!(error("--minutes").contains("needs a number"));
        assert!(error("--minutes 0").contains("\"0\""));
        assert!(error("--hours 1").contains("\"--hours\""));
    }
}
