//! The editor step of `cargo xtask test`: the demo opens in the headless editor and its scenes run, without an error.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::process::{Expected, Group};
use crate::{stage, workspace};

/// What a person starts from the editor: the project, and each of these with "Run current scene".
const SCENES: [&str; 5] = [
    "res://main/main.tscn",
    "res://lobby/lobby.tscn",
    "res://match/server.tscn",
    "res://match/client.tscn",
    "res://mesh/mesh.tscn",
];

/// Frames that a run lasts: past the start of everything, and past the crash that Godot has when an editor is closed
/// within its first frames (godot issue 123511).
const FRAMES: &str = "200";

/// For one run; generous, since others may be using the machine.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn run() -> Result<()> {
    let godot = stage::ready()?;
    let project = workspace::godot_project();
    let editor: &[&str] = &["--editor"];
    let scenes = SCENES.each_ref().map(std::slice::from_ref);
    let mut failed = Vec::new();
    for arguments in std::iter::once(editor).chain(scenes) {
        let name = arguments.join(" ");
        let mut group = Group::new(LIMIT);
        group.spawn(
            &name,
            godot
                .command(&project)
                .args(["--quit-after", FRAMES])
                .args(arguments),
        )?;
        for run in group.wait() {
            let problems = run.problems(Expected::default());
            println!(
                "{} {name}",
                if problems.is_empty() {
                    "ok    "
                } else {
                    "FAILED"
                }
            );
            if !problems.is_empty() {
                run.print();
                failed.push(format!("{name}: {}", problems.join("; ")));
            }
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
