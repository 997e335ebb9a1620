//! `cargo xtask demo`.

use anyhow::{Result, bail};

use crate::args;

pub(crate) const HELP: &str = "";

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("demo", args)?;
    bail!("not written yet")
}
