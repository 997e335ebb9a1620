//! Runs the probes of a file in a process of Godot, with the classes of one [`Side`].

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;

use super::observe::{self, Probes};
use super::record::ProbeFile;
use crate::process::{Exit, Godot, Group, Run};
use crate::workspace;

const RUNNER: &str = "res://tests/differential/run_probes.tscn";
/// The last line of a process that ran all its probes.
const DONE: &str = "PROBES DONE";
/// For one process; generous, since others may be using the machine.
const LIMIT: Duration = Duration::from_secs(240);
/// Runs the program behind it where there is no network but a loopback interface, which is down.
const PRIVATE_NETWORK: [&str; 4] = ["unshare", "--user", "--map-root-user", "--net"];

/// Whose classes a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The engine's own.
    BuiltIn,
    /// Ours without the network thread.
    Unthreaded,
    /// Ours with it.
    Threaded,
}

/// What a process told.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) side: Side,
    pub(super) probes: Probes,
    /// What went wrong with the process as a whole.
    pub(super) problems: Vec<String>,
}

impl Side {
    pub(super) const ALL: [Self; 3] = [Self::BuiltIn, Self::Unthreaded, Self::Threaded];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Unthreaded => "ours, network thread off",
            Self::Threaded => "ours, network thread on",
        }
    }

    /// What the names of the classes end with.
    fn suffix(self) -> &'static str {
        if self == Self::BuiltIn { "" } else { "Rs" }
    }
}

/// Whether this machine lets a process have a network of its own.
pub(super) fn has_private_network() -> bool {
    let [program, arguments @ ..] = PRIVATE_NETWORK;
    Command::new(program)
        .args(arguments)
        .args(["ip", "link"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `probes`, which are some of `file`.
///
/// # Errors
/// If the process cannot be started, or told of a step in a form that cannot be read.
pub(super) fn observe(
    godot: &Godot,
    file: &ProbeFile,
    probes: &[&str],
    side: Side,
) -> Result<Observed> {
    let mut command = godot.command(&workspace::godot_project());
    command
        .args([RUNNER, "--"])
        .arg(format!("--file={}", file.name))
        .arg(format!("--probes={}", probes.join(",")))
        .arg(format!("--suffix={}", side.suffix()));
    if side == Side::Unthreaded {
        command.arg("--unthreaded");
    }
    if file.private_network {
        command = in_private_network(&command);
    }
    let mut group = Group::new(LIMIT);
    group.spawn(side.label(), &mut command)?;
    let runs = group.wait();
    let problems = runs.iter().flat_map(problems).collect();
    let lines: Vec<String> = runs.into_iter().flat_map(|run| run.lines).collect();
    Ok(Observed {
        side,
        probes: observe::probes(&lines)?,
        problems,
    })
}

fn in_private_network(command: &Command) -> Command {
    let [program, arguments @ ..] = PRIVATE_NETWORK;
    let mut private = Command::new(program);
    private
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args());
    private
}

/// What is wrong with a process as a whole. Errors it printed belong to its steps.
fn problems(run: &Run) -> Vec<String> {
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
