//! `cargo xtask build`: the library as it is shipped, and what else the commands build.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{args, workspace};

pub(crate) const HELP: &str = "\
Builds the library as it is shipped: optimised as a whole, in Cargo's profile `dist`. The first build takes some
minutes. The demo and all tests but that of the export build faster, in the profile `release`.";

/// A profile of `Cargo.toml`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Profile {
    /// Soon built: for tests.
    Release,
    /// What is shipped, and measured.
    Dist,
}

impl Profile {
    /// Its name, and that of its folder.
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("build", args)?;
    println!("{}", workspace::shown(&library(Profile::Dist)?));
    Ok(())
}

/// Builds the library and answers where it is.
///
/// # Errors
/// If Cargo fails; it has printed why.
pub(crate) fn library(profile: Profile) -> Result<PathBuf> {
    build("enet-godot", profile, &workspace::library_file_name())
}

/// Builds the program of a package, which has the package's name, and answers where it is.
///
/// # Errors
/// If Cargo fails; it has printed why.
pub(crate) fn program(package: &str, profile: Profile) -> Result<PathBuf> {
    build(package, profile, &program_file(package))
}

/// Where [`program`] leaves what it builds for tests.
///
/// # Errors
/// As [`workspace::target_dir`].
pub(crate) fn release_program(package: &str) -> Result<PathBuf> {
    let folder = workspace::target_dir()?.join(Profile::Release.name());
    Ok(folder.join(program_file(package)))
}

fn program_file(package: &str) -> String {
    format!("{package}{}", std::env::consts::EXE_SUFFIX)
}

fn build(package: &str, profile: Profile, file_name: &str) -> Result<PathBuf> {
    let arguments = ["build", "--profile", profile.name(), "--package", package];
    cargo(&arguments)?;
    let folder = workspace::target_dir()?.join(profile.name());
    let built = folder.join(file_name);
    workspace::require_file(&built, &format!("cargo {}", arguments.join(" ")))?;
    Ok(built)
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
