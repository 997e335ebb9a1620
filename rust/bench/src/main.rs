//! Measures this project beside C ENet 1.3.18 and Godot's built-in class, in interleaved runs.
//!
//! `cargo xtask bench` builds it and what it needs, and calls it with the paths. The flow: each of [`rows::ROWS`] answers
//! with [`row::Line`]s; [`report`] makes the page of them and of the notes in `notes.md`; [`plots`] draws.
//!
//! - Real sockets on the loopback interface, [`party`] being one endpoint of any kind: what work costs.
//! - Virtual time over `enet-netsim`, C ENet included ([`c_enet::simulated`]): what a path with delay and loss does.
//! - Godot, two processes over the loopback interface: what a game's thread pays.
#![allow(
    clippy::cast_precision_loss,
    reason = "everything measured or counted here is far below 2^52"
)]

mod c_memory;
mod clock;
mod machine;
mod memory;
mod party;
mod path;
mod plots;
mod report;
mod row;
mod rows;
mod rusty;
mod sockets;
mod stats;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use row::{GodotSetup, Line, Setup};
use rows::{PathRuns, ROWS};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    quick: bool,
    rows: Vec<String>,
    enet: Option<PathBuf>,
    godot: Option<PathBuf>,
    project: Option<PathBuf>,
    /// Folder for the page and its pictures.
    out: Option<PathBuf>,
}

impl Arguments {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut parsed = Self::default();
        while let Some(arg) = args.next() {
            let mut path = || {
                let path = args.next().with_context(|| format!("{arg} needs a path"))?;
                Ok::<_, anyhow::Error>(Some(PathBuf::from(path)))
            };
            match arg.as_str() {
                "--quick" => parsed.quick = true,
                "--enet" => parsed.enet = path()?,
                "--godot" => parsed.godot = path()?,
                "--project" => parsed.project = path()?,
                "--out" => parsed.out = path()?,
                name if ROWS.iter().any(|row| row.name == name) => parsed.rows.push(arg),
                other => {
                    let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
                    bail!("there is no row {other:?}; there are: {}", names.join(", "));
                }
            }
        }
        Ok(parsed)
    }
}

fn run(args: impl Iterator<Item = String>) -> Result<()> {
    let arguments = Arguments::parse(args)?;
    let library = arguments.enet.context("--enet needs the path of libenet")?;
    c_enet::load(&library, c_memory::HEAP)?;
    let setup = Setup {
        quick: arguments.quick,
        path_runs: PathRuns::new(arguments.quick),
        godot: arguments
            .godot
            .zip(arguments.project)
            .map(|(program, project)| GodotSetup { program, project }),
    };
    // What would spoil the page is found before the measuring.
    report::check_notes()?;
    if let Some(out) = &arguments.out {
        fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    }
    let mut lines = Vec::new();
    for row in ROWS {
        let chosen =
            arguments.rows.is_empty() || arguments.rows.iter().any(|name| name == row.name);
        if !chosen {
            continue;
        }
        if row.needs_godot && setup.godot.is_none() {
            println!("{}: left out, there is no Godot", row.name);
            continue;
        }
        println!("{}", row.name);
        let mut measured = (row.measure)(&setup).with_context(|| format!("row {}", row.name))?;
        if setup.quick {
            measured = measured.into_iter().map(Line::unjudged).collect();
        }
        for line in &measured {
            println!("  {}", report::summary(line));
        }
        lines.extend(measured);
    }
    if let Some(out) = arguments.out {
        for picture in plots::of(&lines) {
            picture.draw(&out, &setup.path_runs)?;
        }
        report::write(&out, &lines, setup.quick)?;
    }
    Ok(())
}
