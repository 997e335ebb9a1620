//! `cargo xtask test`.

use anyhow::{Result, bail};

use crate::args;

pub(crate) const HELP: &str = "";

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("test", args)?;
    bail!("not written yet")
}
