//! Where things are: the checkout, what Cargo builds, and the cache of downloads.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// File that tells Godot about the extension, in the root and in every project that uses it.
pub(crate) const GDEXTENSION: &str = "ENetMultiplayerPeerRs.gdextension";

/// The addon's folder below `addons/`.
pub(crate) const ADDON: &str = "enet_multiplayer_peer_rs";

/// Name of the library without its platform's prefix and suffix.
pub(crate) const LIBRARY: &str = "enet_multiplayer_peer_rs";

/// Folder below the user's cache folder that holds everything downloaded here.
const CACHE: &str = "enet-multiplayer-peer-rs";

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable for `cargo run`; the value from the build serves a binary that was started by hand.
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .ancestors()
        .nth(2)
        .expect("the manifest lies in rust/xtask")
        .to_path_buf()
}

/// The demo project.
pub(crate) fn godot_project() -> PathBuf {
    root().join("godot-project")
}

/// Cargo's target folder.
///
/// # Errors
/// If the running binary's own place is unknown: it tells where the folder is, whatever Cargo's settings say.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let binary = env::current_exe().context("cannot tell where this binary is")?;
    let target = binary
        .ancestors()
        .nth(2)
        .context("this binary does not lie in Cargo's target folder")?;
    Ok(target.to_path_buf())
}

/// The library's file name on this platform.
pub(crate) fn library_file_name() -> String {
    format!(
        "{}{LIBRARY}{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    )
}

/// The folder for downloads: `$XDG_CACHE_HOME`, else `~/.cache`, and our name below it. It need not exist yet.
///
/// # Errors
/// If neither variable gives an absolute path.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    // The specification of XDG_CACHE_HOME says that relative paths are to be ignored.
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    Ok(base
        .context("set $HOME or $XDG_CACHE_HOME to an absolute path: downloads are kept there")?
        .join(CACHE))
}

/// `path` as a person in the checkout would write it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Makes the file `to` the same as `from`, without a second copy on the disk where that can be.
///
/// # Errors
/// If neither a link nor a copy can be made.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    match fs::remove_file(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", to.display()));
        }
        _ => {}
    }
    // Another disk, or one that has no links.
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

/// Removes a folder with all in it; it need not exist.
///
/// # Errors
/// If something in it cannot be removed.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Fails if `path` is not a file, naming what was to make it.
pub(crate) fn require_file(path: &Path, made_by: &str) -> Result<()> {
    ensure!(
        path.is_file(),
        "{} is missing; {made_by} makes it",
        shown(path)
    );
    Ok(())
}

/// Waits for the exclusive use of what `path` stands for, until the answer is dropped or this process ends.
///
/// # Errors
/// If the lock file cannot be made or locked.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let folder = path.parent().expect("a lock file lies in a folder");
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        println!("waiting for another run of xtask ({})", path.display());
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// Every source file below `folder`, in Rust and GDScript.
#[cfg(test)]
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "gd" || extension == "rs")
        {
            found.push(path);
        }
    }
    found
}

/// A folder of a test's own, removed at its end.
#[cfg(test)]
pub(crate) struct TestFolder(PathBuf);

#[cfg(test)]
impl TestFolder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("xtask-test-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
