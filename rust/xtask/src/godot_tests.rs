//! `cargo xtask godot-tests`, and the Godot part of `cargo xtask test`.

use anyhow::{Result, bail};

use crate::args;

pub(crate) const HELP: &str = "";

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("godot-tests", args)?;
    bail!("not written yet")
}
