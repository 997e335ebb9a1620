//! `cargo xtask build`: the library, built for release.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{args, workspace};

pub(crate) const HELP: &str =
    "Builds the library in Cargo's release profile; the first build takes some minutes.";

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("build", args)?;
    println!("{}", workspace::shown(&library()?));
    Ok(())
}

/// Builds the library and answers where it is.
///
/// # Errors
/// If Cargo fails; it has printed why.
pub(crate) fn library() -> Result<PathBuf> {
    cargo(&["build", "--release", "--package", "enet-godot"])?;
    let library = workspace::built_library()?;
    workspace::require_file(&library, "cargo build --release --package enet-godot")?;
    Ok(library)
}

/// Runs Cargo in the workspace with its output shown.
///
/// # Errors
/// If it cannot be started or fails.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    cargo_with(arguments, &[])
}

/// As [`cargo`], with environment variables set.
pub(crate) fn cargo_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    println!("$ cargo {}", arguments.join(" "));
    // Cargo names itself to what it runs: the same toolchain then builds everything.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(workspace::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "cargo {} failed", arguments[0]);
    Ok(())
}

/// A program as `cargo build --release` leaves it.
///
/// # Errors
/// As [`workspace::target_dir`].
pub(crate) fn release_program(name: &str) -> Result<PathBuf> {
    let file_name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace::target_dir()?.join("release").join(file_name))
}
