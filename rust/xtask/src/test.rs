//! `cargo xtask test`: every check and test there is, a step each.

use std::env;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::build::{cargo, cargo_with};
use crate::{
    args, demo, differential, editor, enet_library, export, godot_tests, hostile, setup, soak,
    stage, workspace,
};

pub(crate) const HELP: &str = "\
Runs every check and test, goes on after a failure, and ends with a table of the steps and how long each took.
The steps godot-tests, differential, hostile, soak and export need Godot 4.5 or newer. On Linux, rust-tests loads C ENet
(libenet.so.7) from $ENET_LIBRARY, from beside Godot or from the package in the cache; the table tells if there is none.

  --quick         only the steps that need neither Godot nor a build of its bindings
  --only STEP     only this step; may be given more than once";

/// A target whose standard library has no sockets, threads or clocks behind it.
const BARE_TARGET: &str = "wasm32-unknown-unknown";

/// Systems that `enet-udp` has parts of its own for, and last one that has none of them.
const OTHER_SYSTEMS: [&str; 5] = [
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "aarch64-linux-android",
    "x86_64-unknown-freebsd",
    "x86_64-unknown-netbsd",
];

/// What is left out of steps that `--quick` is to keep quick.
const WITHOUT_GODOT: [&str; 2] = ["--exclude", "enet-godot"];

/// What is left out of every step on this system: C ENet gets its simulated sockets as the loader of Linux lets it, the
/// benchmarks read clocks and counters of Linux, and the attacker forges addresses as Linux lets it.
const LEFT_OUT: &[&str] = if cfg!(target_os = "linux") {
    &[]
} else {
    &[
        "--exclude",
        "c-enet",
        "--exclude",
        "enet-bench",
        "--exclude",
        "enet-hostile",
    ]
};

struct Step {
    name: &'static str,
    /// Whether `--quick` has it.
    quick: bool,
    /// Answers a remark for the table, most often none.
    run: fn(quick: bool) -> Result<Remark>,
}

type Remark = &'static str;

// All that builds godot's bindings does so with the profile `release`: they take minutes, once. Only `export` plays what is
// shipped, and builds them in its profile.
const STEPS: [Step; 18] = [
    Step {
        name: "setup",
        quick: false,
        run: |_| setup::godot().map(|_| ""),
    },
    Step {
        name: "format",
        quick: true,
        run: |_| cargo(&["fmt", "--all", "--check"]).map(|()| ""),
    },
    Step {
        name: "clippy",
        quick: true,
        run: clippy,
    },
    Step {
        name: "purity",
        quick: true,
        run: |_| purity(),
    },
    Step {
        name: "platforms",
        quick: true,
        run: |_| platforms(),
    },
    Step {
        name: "docs",
        quick: false,
        run: |_| docs(),
    },
    Step {
        name: "rust-tests",
        quick: true,
        run: rust_tests,
    },
    Step {
        name: "models",
        quick: true,
        run: |_| models(),
    },
    Step {
        name: "extension-tests",
        quick: false,
        run: |_| extension_tests(),
    },
    Step {
        name: "stage",
        quick: false,
        run: |_| stage::ready().map(|_| ""),
    },
    Step {
        name: "editor",
        quick: false,
        run: |_| editor::run().map(|()| ""),
    },
    Step {
        name: "godot-tests",
        quick: false,
        run: |_| godot_tests::run(&[]).map(|()| ""),
    },
    Step {
        name: "differential",
        quick: false,
        run: |_| differential::run(&[]).map(|()| ""),
    },
    Step {
        name: "hostile",
        quick: false,
        run: |_| hostile(),
    },
    Step {
        name: "soak",
        quick: false,
        run: |_| soak(),
    },
    Step {
        name: "demo",
        quick: false,
        run: |_| demo::run(&[]).map(|()| ""),
    },
    Step {
        name: "mesh-demo",
        quick: false,
        run: |_| demo::run(&["--mesh".to_owned()]).map(|()| ""),
    },
    Step {
        name: "export",
        quick: false,
        run: |_| export(),
    },
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    let plan = Plan::parse(args)?;
    let mut results = Vec::new();
    for step in plan.steps() {
        println!("\n== {}", step.name);
        let started = Instant::now();
        let outcome = (step.run)(plan.quick);
        if let Err(error) = &outcome {
            println!("{} failed: {error:#}", step.name);
        }
        results.push((
            step.name,
            outcome.map_err(|error| format!("{error:#}")),
            started.elapsed(),
        ));
    }
    print!("{}", table(&results));
    let failed = results
        .iter()
        .filter(|(_, outcome, _)| outcome.is_err())
        .count();
    println!("{} passed, {failed} failed", results.len() - failed);
    ensure!(failed == 0, "not every step passed");
    Ok(())
}

/// Which steps to run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    quick: bool,
    only: Vec<&'static str>,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self> {
        let mut plan = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => plan.quick = true,
                "--only" => {
                    let name = args.next().context("--only needs the name of a step")?;
                    let Some(step) = STEPS.iter().find(|step| step.name == name) else {
                        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                        bail!("there is no step {name:?}; there are: {}", names.join(", "));
                    };
                    plan.only.push(step.name);
                }
                other => return Err(args::unknown("test", other)),
            }
        }
        let skipped =
            |name: &&str| plan.quick && STEPS.iter().any(|step| step.name == *name && !step.quick);
        if let Some(name) = plan.only.iter().find(|name| skipped(name)) {
            bail!("--quick leaves out the step {name:?} that --only asks for");
        }
        Ok(plan)
    }

    fn steps(&self) -> impl Iterator<Item = &'static Step> {
        STEPS.iter().filter(|step| {
            (step.quick || !self.quick) && (self.only.is_empty() || self.only.contains(&step.name))
        })
    }
}

fn clippy(quick: bool) -> Result<Remark> {
    let mut arguments = vec!["clippy", "--release", "--workspace", "--all-targets"];
    arguments.extend(LEFT_OUT);
    if quick {
        arguments.extend(WITHOUT_GODOT);
    }
    arguments.extend(["--", "--deny", "warnings"]);
    cargo(&arguments)?;
    Ok("")
}

/// The engine has no unsafe code and no way to a clock, a socket or a thread. Clippy's list of forbidden calls in its
/// folder says the second at each call; a target without them says it of everything that it depends on too.
fn purity() -> Result<Remark> {
    let page = "rust/enet-proto/src/lib.rs";
    let text = fs::read_to_string(workspace::root().join(page))
        .with_context(|| format!("cannot read {page}"))?;
    ensure!(
        text.lines()
            .any(|line| line.trim() == "#![forbid(unsafe_code)]"),
        "{page} does not forbid unsafe code"
    );
    if !has_target(BARE_TARGET)? {
        return Ok(
            "no std for wasm32-unknown-unknown here, so clippy's list alone vouches for the calls",
        );
    }
    cargo(&["check", "--package", "enet-proto", "--target", BARE_TARGET])?;
    Ok("")
}

/// What drives the sockets compiles for the other systems, as far as this toolchain has their standard libraries.
fn platforms() -> Result<Remark> {
    let mut remark = "";
    for target in OTHER_SYSTEMS {
        if has_target(target)? {
            let arguments = ["clippy", "--package", "enet-udp", "--target", target];
            cargo(&[&arguments[..], &["--", "--deny", "warnings"]].concat())?;
        } else {
            println!("no std for {target}: rustup target add {target}");
            remark = "not for every other system: no std here";
        }
    }
    Ok(remark)
}

/// Whether this toolchain has the standard library for `target`.
fn has_target(target: &str) -> Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("cannot start rustc")?;
    ensure!(
        output.status.success(),
        "rustc does not know the target {target}"
    );
    Ok(fs::read_dir(String::from_utf8_lossy(&output.stdout).trim())
        .is_ok_and(|mut files| files.next().is_some()))
}

/// The documentation has no dead links.
fn docs() -> Result<Remark> {
    // Links to private items are for readers of the source.
    let flags = [(
        "RUSTDOCFLAGS",
        "--deny warnings --allow rustdoc::private_intra_doc_links",
    )];
    let arguments = ["doc", "--release", "--workspace", "--no-deps"];
    cargo_with(&[&arguments[..], LEFT_OUT].concat(), &flags)?;
    Ok("")
}

/// With debug assertions, all crates but the one that needs godot's bindings. The C library is the one that came with
/// Godot; where there is none, the tests that play against it pass without having done so.
fn rust_tests(quick: bool) -> Result<Remark> {
    let arguments = [&["test", "--workspace"][..], &WITHOUT_GODOT, LEFT_OUT].concat();
    let library = if cfg!(target_os = "linux") {
        // Fetched by now, if it can be; the step `setup` has told why if it cannot.
        let godot = if quick { None } else { setup::godot().ok() };
        enet_library::find(godot.as_ref().map(|godot| godot.program.as_path()))
    } else {
        None
    };
    let Some(library) = library else {
        cargo(&arguments)?;
        return Ok("no C ENet here: its pairings were left out");
    };
    println!("C ENet is {}", library.display());
    let library = library.to_str().context("the path is no UTF-8")?;
    cargo_with(&arguments, &[(enet_library::VARIABLE, library)])?;
    Ok("")
}

/// The network thread and the game's, in thousands of orders.
fn models() -> Result<Remark> {
    let package = ["--package", "enet-udp", "--features", "models"];
    cargo(
        &[
            &["clippy", "--release", "--tests"][..],
            &package,
            &["--", "--deny", "warnings"],
        ]
        .concat(),
    )?;
    cargo(&[&["test", "--lib"][..], &package].concat())?;
    Ok("")
}

fn extension_tests() -> Result<Remark> {
    cargo(&["test", "--release", "--package", "enet-godot"])?;
    Ok("")
}

/// The demo as a game for release.
fn export() -> Result<Remark> {
    if !export::IS_SUPPORTED {
        return Ok("the demo's export preset is for Linux on x86_64");
    }
    export::run(&[])?;
    Ok("")
}

/// A short attack of each kind, judged by what does not depend on what else the machine does.
fn hostile() -> Result<Remark> {
    if !cfg!(target_os = "linux") {
        return Ok("the attacker forges addresses as only Linux lets it");
    }
    hostile::run(&["--quick".to_owned()])?;
    Ok("")
}

/// A short soak.
fn soak() -> Result<Remark> {
    if !cfg!(target_os = "linux") {
        return Ok("only Linux tells what a process takes");
    }
    soak::run(&["--quick".to_owned()])?;
    Ok("too short to judge memory: cargo xtask soak does")
}

/// The steps, how each ended, and how long it took.
fn table(results: &[(&str, Result<Remark, String>, Duration)]) -> String {
    let mut text = format!("\n{:<16} {:<7} {:>9}\n", "step", "", "time");
    for (name, outcome, duration) in results {
        let (verdict, remark) = match outcome {
            Ok(remark) => ("ok", *remark),
            // The first line tells what to look for above.
            Err(error) => ("FAILED", error.lines().next().unwrap_or_default()),
        };
        let line = format!(
            "{name:<16} {verdict:<7} {:>7.1} s  {remark}",
            duration.as_secs_f64()
        );
        text += line.trim_end();
        text.push('\n');
    }
    let total: Duration = results.iter().map(|(_, _, duration)| *duration).sum();
    text + &format!(
        "{:<16} {:<7} {:>7.1} s\n\n",
        "total",
        "",
        total.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Vec<&'static str>> {
        Ok(Plan::parse(&args::words(line))?
            .steps()
            .map(|step| step.name)
            .collect())
    }

    #[test]
    fn without_arguments_every_step_runs_in_the_order_of_the_table() {
        let all: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(plan("").unwrap(), all);
        assert_eq!(
            plan("--only demo --only format").unwrap(),
            ["format", "demo"]
        );
    }

    #[test]
    fn quick_leaves_out_all_that_needs_godot() {
        assert_eq!(
            plan("--quick").unwrap(),
            [
                "format",
                "clippy",
                "purity",
                "platforms",
                "rust-tests",
                "models"
            ]
        );
    }

    #[test]
    fn wrong_arguments_say_what_is_wrong() {
        let error = |line: &str| plan(line).unwrap_err().to_string();
        assert!(error("--only").contains("needs the name"));
        assert!(
            error("--only demoo").contains("\"demoo\"")
                && error("--only demoo").contains("godot-tests")
        );
        assert!(error("--fast").contains("\"--fast\""));
        assert!(error("--quick --only demo").contains("\"demo\""));
    }

    #[test]
    fn the_table_names_what_failed_and_why() {
        let second = Duration::from_secs(1);
        let text = table(&[
            ("format", Ok(""), second),
            ("demo", Err("no\nmore".into()), 2 * second),
        ]);
        assert!(
            text.contains("\nformat           ok          1.0 s\n"),
            "{text}"
        );
        assert!(
            text.contains("\ndemo             FAILED      2.0 s  no\n"),
            "{text}"
        );
        assert!(
            text.contains("\ntotal                        3.0 s\n"),
            "{text}"
        );
    }
}
