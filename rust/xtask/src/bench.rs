//! `cargo xtask bench`: measures beside C ENet and the built-in class, and writes `docs/performance.md`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::build::{self, Profile};
use crate::{args, enet_library, setup, stage, workspace};

pub(crate) const HELP: &str = "\
Builds and stages everything as it is shipped, runs each row of the table beside C ENet 1.3.18 (libenet.so.7) or, in Godot,
beside the built-in class, and writes docs/performance.md with its plots. Takes a quarter of an hour on a quiet machine.

  ROW...          only these rows; their lines are printed, docs/ is not touched
  --quick         fewer and shorter rounds, to see that it works; no mark is judged, docs/ is not touched
  --no-godot      without the rows that run inside Godot; docs/ is not touched
  --out FOLDER    write the page and the plots there instead, whatever was measured

C ENet is looked for at $ENET_LIBRARY, in the folders of the Godot that setup finds, and in those of the package in the
cache, which is fetched if need be. The row broadcast wants large socket buffers: sysctl -w net.core.rmem_max=4194304.
Hand-written notes for the page are in rust/bench/notes.md.";

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    quick: bool,
    without_godot: bool,
    rows: Vec<String>,
    out: Option<String>,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self> {
        let mut plan = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => plan.quick = true,
                "--no-godot" => plan.without_godot = true,
                "--out" => {
                    let folder = args.next().context("--out needs a folder")?;
                    plan.out = Some(folder.clone());
                }
                flag if flag.starts_with('-') => return Err(args::unknown("bench", flag)),
                row => plan.rows.push(row.to_owned()),
            }
        }
        Ok(plan)
    }

    /// Where the page goes: into docs/ if it is whole.
    fn out(&self) -> Option<PathBuf> {
        let whole = !self.quick && !self.without_godot && self.rows.is_empty();
        let out = self.out.as_ref().map(PathBuf::from);
        out.or_else(|| whole.then(|| workspace::root().join("docs")))
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let plan = Plan::parse(args)?;
    let mut command = Command::new(build::program("enet-bench", Profile::Dist)?);
    if plan.quick {
        command.arg("--quick");
    }
    let godot = if plan.without_godot {
        None
    } else {
        let library = build::library(Profile::Dist)?;
        Some(stage::ready_with(setup::godot()?, &library)?)
    };
    if let Some(godot) = &godot {
        command.arg("--godot").arg(&godot.program);
        command.arg("--project").arg(workspace::godot_project());
    }
    if let Some(out) = plan.out() {
        command.arg("--out").arg(out);
    }
    let near = godot.as_ref().map(|godot| godot.program.as_path());
    command
        .arg("--enet")
        .arg(enet_library::find_or_fetch(near)?);
    let status = command
        .args(&plan.rows)
        .status()
        .context("cannot start enet-bench")?;
    ensure!(status.success(), "the benchmark failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Plan> {
        Plan::parse(&args::words(line))
    }

    #[test]
    fn only_a_whole_run_writes_into_docs() {
        assert!(plan("").unwrap().out().unwrap().ends_with("docs"));
        for part in ["--quick", "--no-godot", "bulk"] {
            assert_eq!(plan(part).unwrap().out(), None, "{part}");
        }
        let out = plan("bulk --quick --out x").unwrap().out();
        assert_eq!(out, Some(PathBuf::from("x")));
        assert!(plan("--out").unwrap_err().to_string().contains("folder"));
    }
}
