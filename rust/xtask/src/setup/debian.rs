//! Debian packages without installing them.

use std::path::Path;

use anyhow::{Result, bail};

pub(crate) fn is_usable() -> bool {
    false
}

pub(crate) fn unpack(_packages: &[&str], _folder: &Path, _apt: &Path) -> Result<()> {
    bail!("not written yet")
}

pub(crate) fn write_launcher(_folder: &Path, _program: &str) -> Result<()> {
    bail!("not written yet")
}
