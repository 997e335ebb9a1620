//! `cargo xtask stage`: the addon with its library, ready to copy into any project, and the demo project with a copy.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::build::Profile;
use crate::process::{self, Godot};
use crate::workspace::{self, ADDON, GDEXTENSION};
use crate::{args, build, setup};

pub(crate) const HELP: &str = "\
Builds the library as it is shipped and puts it where the .gdextension file says, so that addons/ and the .gdextension file can be
copied into any Godot project. The demo project gets copies of both, which git ignores.";

/// An import of the demo project takes some seconds; a slow machine may need many more.
const IMPORT_LIMIT: Duration = Duration::from_secs(180);

/// Files that Godot writes beside others when it imports. They belong into git, beside the original.
const SIDECARS: [&str; 2] = ["uid", "import"];

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("stage", args)?;
    let built = build::library(Profile::Dist)?;
    let library = workspace::root().join(own_library_path()?);
    copy_file(&built, &library)?;
    furnish(&built)?;
    println!(
        "staged {}; copy addons/ and {GDEXTENSION} into a project to use it there",
        workspace::shown(&library)
    );
    Ok(())
}

/// Everything that a run of the demo project needs: Godot, the staged extension, a current import.
///
/// # Errors
/// If one of the three cannot be had.
pub(crate) fn ready() -> Result<Godot> {
    ready_with(setup::godot()?, &build::library(Profile::Release)?)
}

/// As [`ready`], for what runs scripts below `godot-project/tests`.
///
/// # Errors
/// As [`ready`], and if Godot is too old for these scripts.
pub(crate) fn ready_for_tests() -> Result<Godot> {
    ready_with(
        setup::godot_for_tests()?,
        &build::library(Profile::Release)?,
    )
}

/// As [`ready_for_tests`], with a Godot and a library of the caller's choice.
///
/// # Errors
/// As [`ready`].
pub(crate) fn ready_with(godot: Godot, library: &Path) -> Result<Godot> {
    furnish(library)?;
    import(&godot)?;
    Ok(godot)
}

/// Puts what the demo project needs into it, with a library just built. What [`run`] staged stays as it is.
///
/// # Errors
/// If the `.gdextension` has no library for this platform, or a file cannot be written.
fn furnish(built: &Path) -> Result<()> {
    let (root, project) = (workspace::root(), workspace::godot_project());
    let _lock = workspace::lock(&project.join(".godot/xtask.lock"))?;
    copy_tree(
        &root.join("addons").join(ADDON),
        &project.join("addons").join(ADDON),
    )?;
    copy_file(built, &project.join(own_library_path()?))?;
    copy_file(&root.join(GDEXTENSION), &project.join(GDEXTENSION))?;
    let uid = format!("{GDEXTENSION}.uid");
    if root.join(&uid).is_file() {
        copy_file(&root.join(&uid), &project.join(&uid))?;
    }
    // Without this list Godot loads the extension in the editor only, and the import that would write it crashes at
    // its end (godot issue 123511).
    write_file(
        &project.join(".godot/extension_list.cfg"),
        format!("res://{GDEXTENSION}\n").as_bytes(),
    )
}

/// Where the library for this platform belongs in a project.
fn own_library_path() -> Result<PathBuf> {
    let text = fs::read_to_string(workspace::root().join(GDEXTENSION))
        .with_context(|| format!("cannot read {GDEXTENSION}"))?;
    library_path(&text, env::consts::OS, env::consts::ARCH)
}

/// Imports the demo project if a file of it, or Godot, has changed since the last import.
///
/// # Errors
/// If Godot fails or prints an error.
fn import(godot: &Godot) -> Result<()> {
    let project = workspace::godot_project();
    let stamp = project.join(".godot/xtask-import");
    let _lock = workspace::lock(&project.join(".godot/xtask.lock"))?;
    if fs::read_to_string(&stamp)
        .is_ok_and(|text| fingerprint(&project, godot).is_ok_and(|now| now == text))
    {
        return Ok(());
    }
    println!("importing the demo project");
    let mut command = godot.command(&project);
    process::run_clean("import", command.arg("--import"), IMPORT_LIMIT)?;
    let root = workspace::root();
    carry_back(
        &project.join("addons").join(ADDON),
        &root.join("addons").join(ADDON),
    )?;
    let uid = format!("{GDEXTENSION}.uid");
    if project.join(&uid).is_file() && !root.join(&uid).is_file() {
        copy_file(&project.join(&uid), &root.join(&uid))?;
    }
    write_file(&stamp, fingerprint(&project, godot)?.as_bytes())
}

/// The library's path for a system and processor, as the `.gdextension` file gives it.
///
/// - `os`, `arch`: in Rust's words, such as `linux` and `x86_64`.
fn library_path(gdextension: &str, os: &str, arch: &str) -> Result<PathBuf> {
    // Godot has its own word for this one.
    let arch = if arch == "aarch64" { "arm64" } else { arch };
    let with_arch = format!("{os}.release.{arch}");
    let any_arch = format!("{os}.release");
    let find = |wanted: &str| {
        gdextension.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == wanted).then(|| value.trim().trim_matches('"'))
        })
    };
    let path = find(&with_arch).or_else(|| find(&any_arch));
    let path = path.with_context(|| format!("{GDEXTENSION} has no library {with_arch:?}"))?;
    Ok(PathBuf::from(path.strip_prefix("res://").unwrap_or(path)))
}

/// Makes `to` the same as `from`, without what Godot wrote beside files that are still there.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        copy_file(&from.join(&file), &to.join(&file))?;
    }
    for file in files(to)? {
        let original = if is_sidecar(&file) {
            file.with_extension("")
        } else {
            file.clone()
        };
        if !from.join(&file).exists() && !from.join(original).exists() {
            let path = to.join(&file);
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Copies to `originals` what an import wrote beside the copies in `copies`.
fn carry_back(copies: &Path, originals: &Path) -> Result<()> {
    for file in files(copies)?.iter().filter(|file| is_sidecar(file)) {
        let original = originals.join(file);
        if !original.exists() && originals.join(file.with_extension("")).exists() {
            println!("new file to commit: {}", workspace::shown(&original));
            copy_file(&copies.join(file), &original)?;
        }
    }
    Ok(())
}

fn is_sidecar(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| SIDECARS.iter().any(|known| extension == *known))
}

/// Copies one file unless the target has the same bytes already.
fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    write_file(to, &bytes)
}

/// Puts a file in place as a whole: a program that has the old one mapped goes on with the old one.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().expect("all paths here lie in the checkout");
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let name = path
        .file_name()
        .expect("all paths here are files")
        .to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    fs::write(&temporary, bytes)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    fs::rename(&temporary, path).with_context(|| format!("cannot write {}", path.display()))
}

/// All files below `folder`, relative to it and sorted; none if there is no such folder. Names with a dot in front are
/// left out: Godot does not look at them.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let path = folder.join(&relative);
        if !path.exists() {
            continue;
        }
        for entry in
            fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))?
        {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let child = relative.join(name);
            if entry.file_type()?.is_dir() {
                open.push(child);
            } else {
                found.push(child);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A text that changes when a file of `project` or the version of Godot changes.
fn fingerprint(project: &Path, godot: &Godot) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files(project)? {
        let metadata = fs::metadata(project.join(&file))?;
        (&file, metadata.len(), metadata.modified()?).hash(&mut hasher);
    }
    ensure!(
        project.join("project.godot").is_file(),
        "{} has no project.godot",
        workspace::shown(project)
    );
    Ok(format!("{} {:016x}\n", godot.version, hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GDEXTENSION_TEXT: &str = "[configuration]\nentry_symbol = \"x\"\n[libraries]\n\
        linux.debug.x86_64 = \"addons/a/bin/debug.so\"\nlinux.release.x86_64 = \"addons/a/bin/release.so\"\n\
        linux.release.arm64=\"res://addons/a/bin/arm.so\"\nmacos.release = \"./addons/a/bin/mac.dylib\"\n";

    #[test]
    fn the_library_path_of_this_platform_comes_from_the_gdextension_file() {
        let path = |os, arch| library_path(GDEXTENSION_TEXT, os, arch).unwrap();
        assert_eq!(
            path("linux", "x86_64"),
            Path::new("addons/a/bin/release.so")
        );
        assert_eq!(path("linux", "aarch64"), Path::new("addons/a/bin/arm.so"));
        assert_eq!(
            path("macos", "aarch64"),
            Path::new("./addons/a/bin/mac.dylib")
        );
        let error = library_path(GDEXTENSION_TEXT, "freebsd", "x86_64")
            .unwrap_err()
            .to_string();
        assert!(error.contains("freebsd.release.x86_64"), "{error}");
    }

    #[test]
    fn a_copied_tree_loses_what_the_original_lost_and_keeps_what_an_import_wrote() {
        let folder = workspace::TestFolder::new("copy-tree");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        write_file(&from.join("sub/a.gd"), b"a").unwrap();
        write_file(&from.join("b.gd"), b"b").unwrap();
        copy_tree(&from, &to).unwrap();
        write_file(&to.join("sub/a.gd.uid"), b"uid").unwrap();
        write_file(&to.join("b.gd.uid"), b"uid").unwrap();
        fs::remove_file(from.join("b.gd")).unwrap();

        copy_tree(&from, &to).unwrap();
        assert_eq!(
            files(&to).unwrap(),
            [Path::new("sub/a.gd"), Path::new("sub/a.gd.uid")]
        );

        carry_back(&to, &from).unwrap();
        assert_eq!(
            files(&from).unwrap(),
            [Path::new("sub/a.gd"), Path::new("sub/a.gd.uid")]
        );
    }
}
