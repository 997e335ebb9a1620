//! `cargo xtask godot -- ARGS`: runs Godot on the demo project.

use anyhow::{Context as _, Result, ensure};

use crate::{args, stage};

pub(crate) const HELP: &str = "\
Builds and stages the extension, then runs Godot on the demo project with the arguments after --.

  cargo xtask godot -- --editor     open the project in the editor
  cargo xtask godot                 play it";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let arguments = match args.split_first() {
        None => args,
        Some((first, rest)) if first == "--" => rest,
        Some((first, _)) => return Err(args::unknown("godot", first)),
    };
    let godot = stage::ready()?;
    let project = crate::workspace::godot_project();
    let status = godot
        .windowed_command(&project)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot start {}", godot.program.display()))?;
    ensure!(status.success(), "Godot ended with {status}");
    Ok(())
}
