//! `cargo xtask demo`: a short match of real processes, and what each side saw of it.
//!
//! The server compares the sides' accounts itself at the end of a match. This command takes nothing on trust: it reads
//! every side's own account and compares them again, see [`audit`].

mod account;
mod audit;
mod mesh;
mod table;

use std::env;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::demo::account::Account;
use crate::process::{self, Expected, Godot, Group, Launcher, Run};
use crate::{args, stage, workspace};

pub(crate) const HELP: &str = "\
Builds and stages the extension, then lets bots play a match over it on this machine: a server and three clients, each a
process of its own, without windows. Prints what each side saw: who joined and left, how many RPCs it sent and received
in each transfer mode and on each channel, and the score. Fails if the sides disagree. To play yourself: --windowed.

  --seconds N    length of the match, 1 to 3600 (6)
  --mesh         plays without a server instead: a lobby brings four peers together, who then chat and move, each
                 connected to each other
  --windowed     opens three windows to play in instead, and needs a desktop: a server with two bots, and two clients";

const PLAYERS: [&str; 3] = ["Ada", "Grace", "Alan"];

const DEFAULT_SECONDS: u32 = 6;

/// Beyond the match itself: start-up, the players' way in, and the exchange at the end, each of which the server
/// limits by itself and reports with more detail.
const EXTRA_SECONDS: u64 = 100;

/// Position and size of each window, so that all are in sight on a screen of 1920 x 1080.
const WINDOWS: [(&str, &str); 3] = [
    ("20,60", "920x518"),
    ("970,60", "920x518"),
    ("495,540", "920x518"),
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    ensure!(
        !(options.windowed && options.mesh),
        "--mesh has no windows of its own: open the start screen with cargo xtask godot, and choose the mesh there"
    );
    if options.windowed {
        require_display()?;
    }
    let godot = stage::ready()?;
    let port = process::free_udp_port()?;
    let launcher = Launcher::of_project(&godot, &workspace::godot_project(), None);
    if options.windowed {
        open_windows(&godot, port)
    } else if options.mesh {
        mesh::play(&launcher, port, options.seconds)?;
        println!(
            "to take part yourself: cargo xtask godot, and choose the mesh on the start screen"
        );
        Ok(())
    } else {
        play(&launcher, &PLAYERS, port, options.seconds)?;
        println!("to play yourself, in windows: cargo xtask demo --windowed");
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    windowed: bool,
    mesh: bool,
    seconds: u32,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self {
            windowed: false,
            mesh: false,
            seconds: DEFAULT_SECONDS,
        };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            match arg.as_str() {
                "--windowed" => options.windowed = true,
                "--mesh" => options.mesh = true,
                "--seconds" => {
                    options.seconds = rest
                        .next()
                        .and_then(|value| value.parse().ok())
                        .filter(|seconds| (1..=3600).contains(seconds))
                        .context("--seconds needs a whole number from 1 to 3600")?;
                }
                _ => return Err(args::unknown("demo", arg)),
            }
        }
        Ok(options)
    }
}

/// Runs a match of a server and a client for each of `players`, prints the tables, and fails if anything is wrong.
pub(crate) fn play(launcher: &Launcher, players: &[&str], port: u16, seconds: u32) -> Result<()> {
    println!(
        "a match of {seconds} s on port {port}: one server and {} clients, played by bots without windows",
        players.len()
    );
    let port = port.to_string();
    let mut group = Group::new(Duration::from_secs(u64::from(seconds) + EXTRA_SECONDS));
    let server = ["--", "--server", "--name", "Server", "--port", &port];
    group.spawn(
        "Server",
        launcher
            .command()
            .args(server)
            .args(["--clients", &players.len().to_string()])
            .args(["--seconds", &seconds.to_string()]),
    )?;
    for &name in players {
        let client = ["--", "--client", "--bots", "1", "--name", name];
        group.spawn(
            name,
            launcher.command().args(client).args(["--port", &port]),
        )?;
    }
    let runs = group.wait();
    let mut faults = find_run_faults(&runs, launcher.allowed_errors);
    let accounts: Vec<Account> = runs.iter().filter_map(read_account).collect();
    if accounts.len() == runs.len() {
        println!("\n{}", table::render(&accounts));
        faults.extend(audit::find_faults(&accounts));
    }
    conclude(&runs, &faults, "match")
}

/// Says that all is well, or shows what `runs` printed and fails with the `faults` of the match or mesh.
fn conclude(runs: &[Run], faults: &[String], what: &str) -> Result<()> {
    if faults.is_empty() {
        println!("all sides agree on this {what}");
        return Ok(());
    }
    runs.iter().for_each(Run::print);
    bail!("the {what} went wrong:\n  {}", faults.join("\n  "));
}

/// What is wrong with the processes themselves: exit codes, error lines, leaks, a missing account.
fn find_run_faults(runs: &[Run], allowed_errors: &[&str]) -> Vec<String> {
    let expected = Expected {
        status_line: Some(Account::PREFIX),
        allowed_errors,
    };
    runs.iter()
        .flat_map(|run| {
            run.problems(expected)
                .into_iter()
                .map(|problem| format!("{}: {problem}", run.name))
        })
        .collect()
}

/// The account that a side printed; a side that printed none is a fault found elsewhere.
fn read_account(run: &Run) -> Option<Account> {
    run.lines.iter().find_map(|line| Account::parse(line))
}

/// Opens a server's and two players' windows and waits until they are all closed.
fn open_windows(godot: &Godot, port: u16) -> Result<()> {
    let project = workspace::godot_project();
    let port = port.to_string();
    let roles: [&[&str]; 3] = [
        &["--server", "--bots", "2"],
        &["--client", "--name", PLAYERS[0]],
        &["--client", "--name", PLAYERS[1]],
    ];
    let mut windows = Vec::new();
    for (role, (position, size)) in roles.iter().zip(WINDOWS) {
        let window = godot
            .windowed_command(&project)
            .args(["--position", position, "--resolution", size, "--"])
            .args(*role)
            .args(["--port", &port])
            .spawn()
            .with_context(|| format!("cannot start {}", godot.program.display()))?;
        windows.push(window);
    }
    println!(
        "close the windows to end; WASD or arrows move, the mouse aims and fires, Enter chats"
    );
    for window in &mut windows {
        let status = window.wait()?;
        ensure!(status.success(), "a window ended with {status}");
    }
    Ok(())
}

/// Fails with a hint where windows cannot be opened.
fn require_display() -> Result<()> {
    let is_unix_desktop = cfg!(all(unix, not(target_os = "macos")));
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    ensure!(
        !is_unix_desktop || has_display,
        "there is no display to open windows on: neither DISPLAY nor WAYLAND_DISPLAY is set. \
         Run this in a desktop session, or without --windowed for a match without windows"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&args::words(line))
    }

    #[test]
    fn the_match_lasts_as_long_as_was_asked_for() {
        assert_eq!(parse("").unwrap().seconds, DEFAULT_SECONDS);
        assert_eq!(parse("--seconds 20").unwrap().seconds, 20);
    }

    #[test]
    fn a_mesh_is_played_only_if_asked_for_and_never_in_windows() {
        assert!(!parse("").unwrap().mesh);
        assert!(parse("--mesh --seconds 3").unwrap().mesh);
        let both = ["--mesh".to_owned(), "--windowed".to_owned()];
        assert!(run(&both).unwrap_err().to_string().contains("--mesh"));
    }

    #[test]
    fn a_length_that_is_no_length_is_an_error() {
        for line in ["--seconds", "--seconds 0", "--seconds 3601", "--seconds x"] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains("--seconds"), "{line}: {error}");
        }
    }
}
