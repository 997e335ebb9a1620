//! Where the C library is that tests and benchmarks load: the one that a package of Godot depends on.

use std::env;
use std::iter;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::setup;

/// Its path, for all that load it.
pub(crate) const VARIABLE: &str = "ENET_LIBRARY";

const NAME: &str = "libenet.so.7";

/// At `$ENET_LIBRARY`, beside `godot`, or in the package of Godot in the cache, which is fetched if need be.
///
/// # Errors
/// If it is nowhere.
pub(crate) fn find_or_fetch(godot: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = named().or_else(|| beside(godot?)) {
        return Ok(path);
    }
    match below(&setup::package()?.join("usr/lib")) {
        Some(path) => Ok(path),
        None => bail!("the package of Godot in the cache came without {NAME}; set ${VARIABLE}"),
    }
}

/// As [`find_or_fetch`] without fetching; `None` if it is nowhere.
pub(crate) fn find(godot: Option<&Path>) -> Option<PathBuf> {
    let in_cache = || below(&setup::package_folder().ok()?.join("usr/lib"));
    named().or_else(|| beside(godot?)).or_else(in_cache)
}

fn named() -> Option<PathBuf> {
    let path = env::var_os(VARIABLE).filter(|value| !value.is_empty())?;
    // Tests run in the folders of their crates.
    Some(std::path::absolute(&path).unwrap_or_else(|_| path.into()))
}

/// In the folders for libraries that belong to that of the program.
fn beside(godot: &Path) -> Option<PathBuf> {
    below(&godot.parent()?.parent()?.join("lib"))
}

/// In `folder` or in one of the folders in it.
fn below(folder: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(folder).ok()?;
    let inner = folders.filter_map(|entry| Some(entry.ok()?.path()));
    iter::once(folder.to_path_buf())
        .chain(inner)
        .map(|folder| folder.join(NAME))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::workspace::TestFolder;

    #[test]
    fn the_library_is_found_in_a_folder_and_one_below_it() {
        let folder = TestFolder::new("enet-library");
        let inner = folder.path().join("x86_64-linux-gnu");
        fs::create_dir_all(&inner).unwrap();
        assert_eq!(below(folder.path()), None);
        fs::write(inner.join(NAME), "").unwrap();
        assert_eq!(below(folder.path()), Some(inner.join(NAME)));
        fs::write(folder.path().join(NAME), "").unwrap();
        assert_eq!(below(folder.path()), Some(folder.path().join(NAME)));
    }

    #[test]
    fn the_library_is_found_beside_godot() {
        let folder = TestFolder::new("enet-beside-godot");
        let library = folder.path().join("lib/x86_64-linux-gnu").join(NAME);
        fs::create_dir_all(library.parent().unwrap()).unwrap();
        fs::write(&library, "").unwrap();
        assert_eq!(beside(&folder.path().join("bin/godot")), Some(library));
        assert_eq!(beside(Path::new("godot")), None);
    }
}
