//! What the network costs inside Godot, beside the built-in class.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::row::{GodotSetup, Line, Mark, Setup};
use crate::stats::{Summary, in_turns};

pub(super) const CALLS: &str = "godot-calls";
pub(super) const SERVER: &str = "godot-server";

const CLIENTS: usize = 128;
/// What the classes' names end with: the built-in's, then ours.
const SUFFIXES: [&str; 2] = ["", "Rs"];
const MARK: &str = "BENCH ";
/// What the line begins with in which a server tells its port.
const PORT: &str = "PORT ";
/// No run takes longer unless something hangs.
const LIMIT: Duration = Duration::from_secs(90);

/// Microseconds a packet.
#[derive(Deserialize)]
struct Calls {
    put: f64,
    poll: f64,
    get: f64,
}

/// Microseconds a frame, and calls received a frame.
#[derive(Deserialize)]
struct Frames {
    poll: f64,
    send: f64,
    cpu: f64,
    received: f64,
}

pub(super) fn measure_calls(setup: &Setup) -> Result<Vec<Line>> {
    let frames = setup.pick(500, 100);
    let runs: [Vec<Calls>; 2] = alternate(setup.pick(5, 1), |suffix| {
        let godot = setup.godot.as_ref().context("needs Godot")?;
        let arguments = [format!("--suffix={suffix}"), format!("--frames={frames}")];
        finish(start(godot, "game_thread", &arguments)?)
    })?;
    let line = |what: &str, value: fn(&Calls) -> f64, mark| Line {
        row: CALLS,
        work: format!("a reliable 100 B packet from GDScript, 50 a frame, game's thread: {what}"),
        unit: "µs",
        beside: "built-in",
        baseline: Some(summary(&runs[0], value)),
        ours: summary(&runs[1], value),
        mark,
    };
    Ok(vec![
        line(
            "put_packet + poll + get_packet",
            |calls| calls.put + calls.poll + calls.get,
            Mark::Ratio(0.2),
        ),
        line("put_packet", |calls| calls.put, Mark::Shown),
        line("poll", |calls| calls.poll, Mark::Shown),
        line("get_packet", |calls| calls.get, Mark::Shown),
    ])
}

pub(super) fn measure_server(setup: &Setup) -> Result<Vec<Line>> {
    let frames = setup.pick(600, 120);
    let runs: [Vec<Frames>; 2] = alternate(setup.pick(3, 1), |suffix| {
        let godot = setup.godot.as_ref().context("needs Godot")?;
        let clients = format!("--clients={CLIENTS}");
        let arguments = [
            format!("--suffix={suffix}"),
            clients.clone(),
            format!("--frames={frames}"),
        ];
        let server = start(godot, "server", &arguments)?;
        let port = format!("--port={}", server.told(PORT)?);
        let clients = start(godot, "clients", &[port, clients])?;
        let frames = finish(server);
        drop(clients);
        frames
    })?;
    let line = |what: &str, unit, value: fn(&Frames) -> f64, mark| Line {
        row: SERVER,
        work: format!("Godot server, {CLIENTS} clients, RPC to all and from each a frame: {what}"),
        unit,
        beside: "built-in",
        baseline: Some(summary(&runs[0], value)),
        ours: summary(&runs[1], value),
        mark,
    };
    Ok(vec![
        line(
            "poll and sending",
            "µs a frame",
            |frames| frames.poll + frames.send,
            Mark::Ratio(0.55),
        ),
        line("poll", "µs a frame", |frames| frames.poll, Mark::Shown),
        line("sending", "µs a frame", |frames| frames.send, Mark::Shown),
        line(
            "CPU of the process",
            "µs a frame",
            |frames| frames.cpu,
            Mark::Ratio(1.0),
        ),
        line(
            "calls received",
            "a frame",
            |frames| frames.received,
            Mark::Shown,
        ),
    ])
}

/// The built-in's runs and ours, in turn.
fn alternate<T>(rounds: usize, mut run: impl FnMut(&str) -> Result<T>) -> Result<[Vec<T>; 2]> {
    in_turns(rounds, |side| run(SUFFIXES[side]))
}

fn summary<T>(runs: &[T], value: fn(&T) -> f64) -> Summary {
    let samples: Vec<f64> = runs.iter().map(value).collect();
    Summary::of(&samples)
}

/// A Godot process; killed when dropped.
struct Running {
    child: Child,
    /// What it prints, a line each.
    lines: Receiver<String>,
}

impl Running {
    /// The rest of its next line that begins with `mark`; those before are forgotten.
    fn told(&self, mark: &str) -> Result<String> {
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.with_context(|| format!("Godot ended, or hung, without {mark:?}"))?;
            if let Some(rest) = line.strip_prefix(mark) {
                return Ok(rest.to_owned());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(godot: &GodotSetup, scene: &str, arguments: &[String]) -> Result<Running> {
    let mut child = Command::new(&godot.program)
        .arg("--headless")
        .arg("--path")
        .arg(&godot.project)
        .arg(format!("res://tests/bench/{scene}.tscn"))
        .arg("--")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", godot.program.display()))?;
    let output = child.stdout.take().context("the output is piped")?;
    let (sender, lines) = channel();
    // A thread of its own, so that a process that hangs does not take us along.
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // If nobody listens any more, the time was up; what is printed is read all the same, or the process waits.
            let _ = sender.send(line);
        }
    });
    Ok(Running { child, lines })
}

/// Reads what a process measured, and waits for its end.
fn finish<T: DeserializeOwned>(mut running: Running) -> Result<T> {
    let text = running.told(MARK)?;
    let status = running.child.wait().context("cannot wait for Godot")?;
    ensure!(status.success(), "Godot ended with {status}");
    serde_json::from_str(&text).with_context(|| format!("not a result: {text}"))
}
