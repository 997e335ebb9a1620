//! Builds, stages, runs and tests: `cargo xtask <command>`.
//!
//! One module a command. Each can be run again at any time and is quick when there is nothing to do.

mod args;
mod bench;
mod build;
mod demo;
mod differential;
mod editor;
mod enet_library;
mod export;
mod fuzz;
mod godot;
mod godot_tests;
mod hostile;
mod pool;
mod process;
mod sanitize;
mod setup;
mod sim;
mod soak;
mod stage;
mod test;
#[cfg(test)]
mod weaknesses;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

/// A line of the command table.
struct Command {
    name: &'static str,
    about: &'static str,
    /// What `cargo xtask <name> --help` prints below the usage line.
    help: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const COMMANDS: [Command; 15] = [
    Command {
        name: "setup",
        about: "find or fetch Godot; the last line printed is its path",
        help: setup::HELP,
        run: setup::run,
    },
    Command {
        name: "build",
        about: "build the library as it is shipped",
        help: build::HELP,
        run: build::run,
    },
    Command {
        name: "stage",
        about: "build, then make addons/ and the demo project ready to use",
        help: stage::HELP,
        run: stage::run,
    },
    Command {
        name: "demo",
        about: "play a match with a server and three clients, and compare what they saw",
        help: demo::HELP,
        run: demo::run,
    },
    Command {
        name: "test",
        about: "run every check and test",
        help: test::HELP,
        run: test::run,
    },
    Command {
        name: "godot-tests",
        about: "run the tests inside Godot only",
        help: godot_tests::HELP,
        run: godot_tests::run,
    },
    Command {
        name: "differential",
        about: "compare our classes with the engine's, step by step",
        help: differential::HELP,
        run: differential::run,
    },
    Command {
        name: "export",
        about: "export the demo for release, and play and probe that",
        help: export::HELP,
        run: export::run,
    },
    Command {
        name: "sim",
        about: "play random sessions over bad networks, in virtual time",
        help: sim::HELP,
        run: sim::run,
    },
    Command {
        name: "fuzz",
        about: "let libFuzzer look for inputs that break the engine",
        help: fuzz::HELP,
        run: fuzz::run,
    },
    Command {
        name: "sanitize",
        about: "run tests with AddressSanitizer, ThreadSanitizer and Miri",
        help: sanitize::HELP,
        run: sanitize::run,
    },
    Command {
        name: "hostile",
        about: "attack a server while players play on it",
        help: hostile::HELP,
        run: hostile::run,
    },
    Command {
        name: "soak",
        about: "let clients come and go for half an hour, and account for all of it",
        help: soak::HELP,
        run: soak::run,
    },
    Command {
        name: "bench",
        about: "measure beside C ENet and the built-in class",
        help: bench::HELP,
        run: bench::run,
    },
    Command {
        name: "godot",
        about: "run Godot on the demo project: godot -- ARGS",
        help: godot::HELP,
        run: godot::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", overview());
        return Ok(());
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", overview());
        return Ok(());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("there is no command {name:?}\n\n{}", overview());
    };
    if args::asks_for_help(rest) {
        println!(
            "cargo xtask {}: {}\n\n{}",
            command.name,
            command.about,
            command.help.trim()
        );
        return Ok(());
    }
    (command.run)(rest)
}

fn overview() -> String {
    let mut text = String::from("usage: cargo xtask <command> [--help]\n\n");
    for command in &COMMANDS {
        text += &format!("  {:<12} {}\n", command.name, command.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_named_and_the_known_ones_are_listed() {
        let error = dispatch(&args::words("biuld")).unwrap_err().to_string();
        assert!(error.contains("\"biuld\""), "{error}");
        assert!(
            COMMANDS.iter().all(|command| error.contains(command.name)),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_argument_of_any_command_is_an_error_that_names_it() {
        for command in &COMMANDS {
            let error = dispatch(&args::words(&format!("{} --no-such-flag", command.name)))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("--no-such-flag"),
                "{}: {error}",
                command.name
            );
        }
    }
}
