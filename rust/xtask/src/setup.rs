//! `cargo xtask setup`: finds a Godot to run, or fetches one.

mod debian;
mod template;

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{Exit, Godot, Group};
use crate::{args, workspace};

pub(crate) use template::{Template, godot_and_template};

pub(crate) const HELP: &str = "\
Looks for Godot 4.3 or newer, of which the tests inside Godot need 4.5 or newer, in this order:
  1. $GODOT, the path of a Godot; it is used or the command fails
  2. godot4 and godot on PATH
  3. the cache, below $XDG_CACHE_HOME or ~/.cache
  4. on Debian: the packages of Godot and its export template of a newer release of Debian, from the archive that apt
     is set up for here, unpacked into the cache; nothing is installed
The last line printed is the path of the Godot found.";

/// The oldest Godot that the extension loads into, as in the `.gdextension` file.
const OLDEST: Version = Version { major: 4, minor: 3 };

/// The oldest Godot that knows all that the scripts below `godot-project/tests` use, the class `Logger` last of it.
const OLDEST_FOR_TESTS: Version = Version { major: 4, minor: 5 };

/// A Godot says its version at once; a program that waits for something is none.
const VERSION_LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("setup", args)?;
    let godot = godot()?;
    println!("Godot {}", godot.version);
    println!("{}", godot.program.display());
    Ok(())
}

/// Finds or fetches Godot.
///
/// # Errors
/// If `$GODOT` is set to something else than a Godot that is new enough, or if there is none and none can be fetched.
pub(crate) fn godot() -> Result<Godot> {
    if let Some(program) = env::var_os("GODOT").filter(|value| !value.is_empty()) {
        let program = absolute(Path::new(&program))?;
        return ask_version(&program).with_context(|| format!("$GODOT is {}", program.display()));
    }
    if let Some(godot) = on_path(env::var_os("PATH").as_deref()) {
        return Ok(godot);
    }
    cached_or_fetched(&workspace::cache_dir()?)
}

/// As [`godot`], for the tests inside Godot.
///
/// # Errors
/// As [`godot`], and if it is too old for them.
pub(crate) fn godot_for_tests() -> Result<Godot> {
    let godot = godot()?;
    require_for_tests(&godot)?;
    Ok(godot)
}

fn require_for_tests(godot: &Godot) -> Result<()> {
    ensure!(
        Version::parse(&godot.version).is_some_and(|version| version >= OLDEST_FOR_TESTS),
        "{} is Godot {}; the extension runs there, but its tests need {OLDEST_FOR_TESTS} or newer: set $GODOT to one",
        godot.program.display(),
        godot.version
    );
    Ok(())
}

/// The first Godot on `path` that is new enough. Older ones are passed over and named.
fn on_path(path: Option<&OsStr>) -> Option<Godot> {
    let folders: Vec<PathBuf> = env::split_paths(path?).collect();
    for name in ["godot4", "godot"] {
        for folder in &folders {
            let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
            if !program.is_absolute() || !program.is_file() {
                continue;
            }
            match ask_version(&program) {
                Ok(godot) => return Some(godot),
                Err(error) => println!("passing over {}: {error:#}", program.display()),
            }
        }
    }
    None
}

/// The folder in the cache with the package of Godot and all it depends on, fetched if it is not there.
///
/// # Errors
/// If there is none and none can be fetched.
pub(crate) fn package() -> Result<PathBuf> {
    cached_or_fetched(&workspace::cache_dir()?)?;
    package_folder()
}

/// Where [`package`] has or would have it.
///
/// # Errors
/// As [`workspace::cache_dir`].
pub(crate) fn package_folder() -> Result<PathBuf> {
    Ok(workspace::cache_dir()?.join("godot"))
}

/// The Godot in the cache; if it is missing or broken, a newly fetched one.
fn cached_or_fetched(cache: &Path) -> Result<Godot> {
    let lock = workspace::lock(&cache.join("setup.lock"))?;
    let program = cached_program(cache, "godot");
    if program.exists() {
        match ask_version(&program) {
            Ok(godot) => return Ok(godot),
            Err(error) => {
                println!("fetching Godot anew, the one in the cache does not run: {error:#}")
            }
        }
    }
    if !debian::is_usable() {
        bail!(
            "no Godot {OLDEST} or newer found. Install it (https://godotengine.org/download) and set $GODOT to the \
             path of its program, or put it on PATH as `godot`."
        );
    }
    fetch(cache, &lock).with_context(|| {
        format!("cannot fetch Godot with apt; install {OLDEST} or newer and set $GODOT to the path of its program")
    })?;
    ask_version(&program).context("the Godot that was fetched does not run")
}

/// Where a program of the fetched packages is.
fn cached_program(cache: &Path, name: &str) -> PathBuf {
    cache.join("godot/usr/bin").join(name)
}

/// Fetches Godot and its template for release into the cache, instead of what is there.
///
/// Both in one go: the template needs no library that Godot does not, and so both are of one version.
fn fetch(cache: &Path, lock: &File) -> Result<()> {
    let folder = cache.join("godot");
    // Unpacked beside its final place and moved there as a whole: an interrupted run leaves nothing half done.
    let partial = cache.join("godot.partial");
    workspace::remove_folder(&partial)?;
    let packages = ["godot", template::PACKAGE, "patchelf"];
    debian::unpack(&packages, &partial, &cache.join("apt"), lock)?;
    debian::bind_libraries(&partial, &folder, &["godot", template::PACKAGE])?;
    workspace::remove_folder(&folder)?;
    fs::rename(&partial, &folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Runs `program --version` and takes it if it is new enough.
fn ask_version(program: &Path) -> Result<Godot> {
    let mut group = Group::new(VERSION_LIMIT);
    let mut command = Command::new(program);
    group.spawn("godot", command.args(["--headless", "--version"]))?;
    let run = group.wait().remove(0);
    let shown = program.display();
    ensure!(run.exit == Exit::Code(0), "{shown} --version: {}", run.exit);
    let (version, number) = run
        .lines
        .iter()
        .find_map(|line| Some((line.trim(), Version::parse(line)?)))
        .with_context(|| {
            format!(
                "{shown} --version printed no version: {:?}",
                run.lines.join("\n")
            )
        })?;
    ensure!(
        number >= OLDEST,
        "it is Godot {version}; {OLDEST} or newer is needed"
    );
    Ok(Godot {
        program: program.to_path_buf(),
        version: version.to_owned(),
    })
}

/// `program` independent of the folder we are in; a bare name is looked up on PATH.
fn absolute(program: &Path) -> Result<PathBuf> {
    if program.components().count() == 1 && !program.exists() {
        let path = env::var_os("PATH").unwrap_or_default();
        if let Some(found) = env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
        {
            return Ok(found);
        }
    }
    std::path::absolute(program).context("cannot tell the current folder")
}

/// The part of Godot's version that decides what it can load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// Reads `4.6.3.stable.debian`, `4.7.beta1` and the like; `None` for anything else.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        // A third part is always there; without it this is some other program's version.
        parts.next()?;
        Some(Self { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn godots_version_strings_are_read_and_others_refused() {
        let version = |major, minor| Some(Version { major, minor });
        assert_eq!(Version::parse("4.6.3.stable.debian"), version(4, 6));
        assert_eq!(
            Version::parse("4.3.stable.official.77dcf97d8\n"),
            version(4, 3)
        );
        assert_eq!(Version::parse("3.5.2.stable.debian"), version(3, 5));
        assert_eq!(Version::parse("4.10.dev2.custom_build"), version(4, 10));
        for other in [
            "",
            "4",
            "4.6",
            "Godot 4.6.3",
            "v4.6.3.stable",
            "4.x.stable",
            "-4.3.stable",
        ] {
            assert_eq!(Version::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        let is_new_enough = |text| Version::parse(text).unwrap() >= OLDEST;
        assert!(is_new_enough("4.10.stable.official") && is_new_enough("4.3.stable.official"));
        assert!(is_new_enough("5.0.stable.official"));
        assert!(!is_new_enough("4.2.2.stable.official") && !is_new_enough("3.9.stable.official"));
    }

    #[test]
    fn the_tests_refuse_a_godot_that_is_new_enough_for_the_extension_alone() {
        let required = |version: &str| {
            require_for_tests(&Godot {
                program: PathBuf::from("bin/godot"),
                version: version.to_owned(),
            })
        };
        let error = required("4.4.1.stable").unwrap_err().to_string();
        assert!(error.contains("4.4.1") && error.contains("4.5"), "{error}");
        required("4.5.stable.official").unwrap();
    }

    #[cfg(unix)]
    mod with_programs {
        use super::*;
        use crate::workspace::TestFolder;

        fn program(path: &Path, script: &str) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // Written by another process: if this one did, a test that forks meanwhile would hold the file open for
            // writing, and the system refuses to run such a file.
            let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""#;
            assert!(
                Command::new("sh")
                    .args(["-c", write])
                    .arg(path)
                    .arg(script)
                    .status()
                    .unwrap()
                    .success()
            );
        }

        #[test]
        fn godot4_comes_before_godot_and_old_ones_are_passed_over() {
            let folder = TestFolder::new("on-path");
            let (a, b, c) = (
                folder.path().join("a"),
                folder.path().join("b"),
                folder.path().join("c"),
            );
            program(&a.join("godot"), "echo 4.5.stable.official");
            program(&b.join("godot4"), "echo 4.2.1.stable.official");
            program(&c.join("godot4"), "echo 4.4.stable.official");
            let path = env::join_paths([&a, &b, &c]).unwrap();
            assert_eq!(on_path(Some(&path)).unwrap().program, c.join("godot4"));
            let path = env::join_paths([&a, &b]).unwrap();
            assert_eq!(on_path(Some(&path)).unwrap().program, a.join("godot"));
            assert!(on_path(Some(&env::join_paths([&b]).unwrap())).is_none());
            assert!(on_path(None).is_none());
        }

        #[test]
        fn a_program_that_is_no_godot_is_refused_with_the_reason() {
            let folder = TestFolder::new("no-godot");
            let wrong = folder.path().join("wrong");
            program(&wrong, "echo hello");
            assert!(
                ask_version(&wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("printed no version: \"hello\"")
            );
            program(&wrong, "echo 4.6.stable.official; exit 3");
            assert!(
                ask_version(&wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("exit code 3")
            );
            program(&wrong, "echo warning; echo 4.6.stable.official");
            assert_eq!(ask_version(&wrong).unwrap().version, "4.6.stable.official");
            assert!(ask_version(&folder.path().join("missing")).is_err());
        }
    }
}
