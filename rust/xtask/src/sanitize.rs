//! `cargo xtask sanitize`: tests with what watches memory and threads, which only nightly Rust has.

mod godot;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{args, workspace};

pub(crate) const HELP: &str = "\
Runs tests under the sanitizers of nightly Rust (rustup toolchain install nightly). Without arguments, every part runs
that this machine has the means for, and the others say what they lack; a part that is named has to run.

  address   AddressSanitizer: the tests of sockets, compressors, the engine and the fuzzers' corpora
  thread    ThreadSanitizer: the tests of sockets and the network thread; wants the component rust-src
  miri      Miri: the engine's readers, writers and queues; wants the components miri and rust-src
  godot     AddressSanitizer: the extension in headless Godot; wants a C compiler, and Linux. Puts
            its library into godot-project/addons, so nothing else may run Godot there meanwhile";

/// Reports name lines also where a profile keeps none.
const ADDRESS_FLAGS: &str = "-Zsanitizer=address -Cdebuginfo=line-tables-only";

/// Whose tests run with AddressSanitizer: all that has unsafe code or C below it.
const ADDRESS_PACKAGES: [&str; 8] = [
    "--package",
    "enet-compress",
    "--package",
    "enet-fuzz",
    "--package",
    "enet-proto",
    "--package",
    "enet-udp",
];

/// The engine's tests that Miri gets through within minutes, and which read no files; it is some hundred times slower
/// than the machine.
const MIRI_TESTS: [&str; 3] = ["wire::", "peer::", "time::"];

struct Part {
    name: &'static str,
    /// What is missing here, if something is.
    lacks: fn(&Nightly) -> Option<String>,
    run: fn(&Nightly) -> Result<()>,
}

const PARTS: [Part; 4] = [
    Part {
        name: "address",
        lacks: |nightly| nightly.lacks_runtime("asan"),
        run: |nightly| {
            let arguments = [&["test"][..], &ADDRESS_PACKAGES].concat();
            nightly.cargo("address", ADDRESS_FLAGS, &arguments)
        },
    },
    Part {
        name: "thread",
        lacks: |nightly| {
            nightly
                .lacks_runtime("tsan")
                .or_else(|| nightly.lacks_sources())
        },
        run: |nightly| {
            let arguments = ["test", "-Zbuild-std", "--package", "enet-udp", "--tests"];
            nightly.cargo("thread", "-Zsanitizer=thread", &arguments)
        },
    },
    Part {
        name: "miri",
        lacks: |nightly| nightly.lacks_miri().or_else(|| nightly.lacks_sources()),
        run: |nightly| {
            let arguments = ["miri", "test", "--package", "enet-proto", "--lib", "--"];
            nightly.cargo("miri", "", &[&arguments[..], &MIRI_TESTS].concat())
        },
    },
    Part {
        name: "godot",
        lacks: godot::lacks,
        run: godot::run,
    },
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    let parts = parse(args)?;
    let nightly = Nightly::find();
    let mut failed = Vec::new();
    for part in &parts {
        println!("\n== {}", part.name);
        let outcome = match &nightly {
            Ok(nightly) => match (part.lacks)(nightly) {
                None => (part.run)(nightly),
                Some(lack) => skipped(&lack, !args.is_empty()),
            },
            Err(lack) => skipped(lack, !args.is_empty()),
        };
        if let Err(error) = outcome {
            println!("{} failed: {error:#}", part.name);
            failed.push(part.name);
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The parts that are named, or all.
fn parse(args: &[String]) -> Result<Vec<&'static Part>> {
    if args.is_empty() {
        return Ok(PARTS.iter().collect());
    }
    let find = |arg: &String| {
        let part = PARTS.iter().find(|part| part.name == arg);
        part.ok_or_else(|| args::unknown("sanitize", arg))
    };
    args.iter().map(find).collect()
}

fn skipped(lack: &str, was_asked_for: bool) -> Result<()> {
    if was_asked_for {
        bail!("{lack}");
    }
    println!("skipped: {lack}");
    Ok(())
}

/// The nightly toolchain.
struct Nightly {
    /// Where its standard library for [`Self::host`] is.
    libraries: PathBuf,
    /// The name of this machine's target; what is built for a named target leaves build scripts as they are.
    host: String,
}

impl Nightly {
    fn find() -> Result<Self, String> {
        let ask = |question: &[&str]| {
            let output = command("rustc").args(question).output().ok()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            output.status.success().then_some(text)
        };
        let find = || {
            let version = ask(&["--version", "--verbose"])?;
            let host = version.lines().find_map(|line| line.strip_prefix("host: "));
            Some(Self {
                libraries: ask(&["--print", "target-libdir"])?.trim().into(),
                host: host?.to_owned(),
            })
        };
        find().ok_or_else(|| "there is no nightly toolchain here".to_owned())
    }

    /// The file of a sanitizer's runtime.
    fn runtime(&self, short_name: &str) -> PathBuf {
        self.libraries
            .join(format!("librustc-nightly_rt.{short_name}.a"))
    }

    fn lacks_runtime(&self, short_name: &str) -> Option<String> {
        let is_there = self.runtime(short_name).is_file();
        (!is_there).then(|| format!("nightly Rust has no {short_name} for {}", self.host))
    }

    fn lacks_sources(&self) -> Option<String> {
        let sources = self
            .libraries
            .join("../../src/rust/library/Cargo.lock")
            .is_file();
        (!sources).then(|| "rustup component add rust-src --toolchain nightly".to_owned())
    }

    fn lacks_miri(&self) -> Option<String> {
        let status = command("cargo").args(["miri", "--version"]).output();
        let is_there = status.is_ok_and(|output| output.status.success());
        (!is_there).then(|| "rustup component add miri --toolchain nightly".to_owned())
    }

    /// Cargo's target folder for `part`: what a sanitizer is built into mixes with nothing else.
    fn folder(part: &str) -> Result<PathBuf> {
        Ok(workspace::target_dir()?.join("sanitize").join(part))
    }

    /// Runs Cargo for this machine's target with `flags` for all that it builds.
    fn cargo(&self, part: &str, flags: &str, arguments: &[&str]) -> Result<()> {
        let (subcommand, rest) = arguments.split_first().expect("a subcommand");
        // Miri's subcommand has two words.
        let words = 1 + usize::from(*subcommand == "miri");
        println!("$ cargo {}", arguments.join(" "));
        let mut cargo = command("cargo");
        cargo
            .args(&arguments[..words])
            .args(["--target", &self.host])
            .args(&rest[words - 1..])
            .env("CARGO_TARGET_DIR", Self::folder(part)?)
            .env("RUSTFLAGS", flags);
        succeed(&mut cargo)
    }
}

/// A program of the nightly toolchain.
fn command(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", program])
        .current_dir(workspace::root())
        // The toolchain that runs us is another one.
        .env_remove("CARGO")
        .env_remove("RUSTC");
    command
}

/// Runs `command`, with its output shown.
fn succeed(command: &mut Command) -> Result<()> {
    let name = Path::new(command.get_program()).display().to_string();
    let status = command
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Result<Vec<&'static str>> {
        Ok(parse(&args::words(line))?
            .iter()
            .map(|part| part.name)
            .collect())
    }

    #[test]
    fn parts_can_be_chosen_and_all_run_otherwise() {
        assert_eq!(names("").unwrap(), ["address", "thread", "miri", "godot"]);
        assert_eq!(names("miri address").unwrap(), ["miri", "address"]);
        assert!(names("adress").is_err());
    }

    #[test]
    fn a_part_that_is_asked_for_has_to_run() {
        assert!(skipped("no nightly", false).is_ok());
        assert!(skipped("no nightly", true).is_err());
    }
}
