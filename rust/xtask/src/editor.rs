//! The editor step of `cargo xtask test`: the demo opens in the headless editor and its scenes run, without an error.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::{process, stage, workspace};

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
const LIMIT: Duration = Duration::from_secs(300);

pub(crate) fn run() -> Result<()> {
    let godot = stage::ready()?;
    let project = workspace::godot_project();
    let editor: &[&str] = &["--editor"];
    let scenes = SCENES.each_ref().map(std::slice::from_ref);
    let mut failed = Vec::new();
    for arguments in std::iter::once(editor).chain(scenes) {
        let name = arguments.join(" ");
        let mut command = godot.command(&project);
        command
            .args(["--quit-after", FRAMES])
            .args(arguments)
            // Two of the scenes open a server.
            .args(["--", "--port", &process::free_udp_port()?.to_string()]);
        let outcome = process::run_clean(&name, &mut command, LIMIT);
        println!(
            "{} {name}",
            if outcome.is_ok() { "ok    " } else { "FAILED" }
        );
        failed.extend(outcome.err().map(|error| format!("{error:#}")));
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
