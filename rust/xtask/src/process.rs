//! Runs Godot and other programs: captured output, one deadline for a group of processes, and the verdict on a run.
//!
//! A [`Group`] is a set of processes that only make sense together, such as a server and its clients. When one fails
//! or the time is up, or when the group is dropped, all of its processes are killed: nothing is left holding a port.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};

/// How often a waiting [`Group`] looks whether a process has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long output may still trickle in after a process has ended. A grandchild may hold the pipe open for ever.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// A Godot that answered to `--version`.
#[derive(Debug, Clone)]
pub(crate) struct Godot {
    /// The program or launcher script.
    pub(crate) program: PathBuf,
    /// What it printed for `--version`, such as `4.6.3.stable`.
    pub(crate) version: String,
}

impl Godot {
    /// A headless run of `project`; add what to run. Arguments for the project's scripts go after `--`.
    pub(crate) fn command(&self, project: &Path) -> Command {
        let mut command = self.windowed_command(project);
        command.arg("--headless");
        command
    }

    /// A run of `project` with a window.
    pub(crate) fn windowed_command(&self, project: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--path").arg(project);
        command
    }
}

/// Processes that live and die together.
#[derive(Debug)]
pub(crate) struct Group {
    processes: Vec<Process>,
    lines: Receiver<(usize, String)>,
    sender: Sender<(usize, String)>,
    deadline: Instant,
    limit: Duration,
    echo: bool,
}

#[derive(Debug)]
struct Process {
    name: String,
    child: Child,
    started: Instant,
    lines: Vec<String>,
    ended: Option<(Exit, Duration)>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It ended itself with this code.
    Code(i32),
    /// A signal that was not ours ended it: a crash.
    Crash,
    /// We killed it since the group's time was up.
    Deadline,
    /// We killed it since another process of the group had failed.
    SiblingFailed,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Crash => write!(f, "crashed"),
            Self::Deadline => write!(f, "killed: out of time"),
            Self::SiblingFailed => write!(f, "killed: another process failed"),
        }
    }
}

/// What a process did from its start to its end.
#[derive(Debug)]
pub(crate) struct Run {
    /// The name given to [`Group::spawn`].
    pub(crate) name: String,
    /// Standard output and standard error, line by line in the order of arrival.
    pub(crate) lines: Vec<String>,
    /// How it ended.
    pub(crate) exit: Exit,
    /// From start to end.
    pub(crate) duration: Duration,
}

impl Group {
    /// An empty group whose processes all have to end within `limit` from now.
    pub(crate) fn new(limit: Duration) -> Self {
        let (sender, lines) = mpsc::channel();
        Self {
            processes: Vec::new(),
            lines,
            sender,
            deadline: Instant::now() + limit,
            limit,
            echo: false,
        }
    }

    /// Prints each line as it comes, behind the process's name.
    pub(crate) fn echo(mut self) -> Self {
        self.echo = true;
        self
    }

    /// Starts `command` under `name`; answers its index in this group and in what [`Group::wait`] answers.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn spawn(
        &mut self,
        name: impl Into<String>,
        command: &mut Command,
    ) -> Result<usize> {
        let name = name.into();
        // The child stays in our own process group, so that Ctrl-C in a terminal reaches it too.
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}: {}", command.get_program().display()))?;
        let index = self.processes.len();
        self.forward(index, child.stdout.take().expect("piped above"));
        self.forward(index, child.stderr.take().expect("piped above"));
        self.processes.push(Process {
            name,
            child,
            started: Instant::now(),
            lines: Vec::new(),
            ended: None,
        });
        Ok(index)
    }

    /// Waits until process `index` prints a line that `wanted` accepts, and answers it. Lines already seen count.
    ///
    /// # Errors
    /// If that process ends first, another one fails, or the time is up.
    pub(crate) fn wait_for_line(
        &mut self,
        index: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let mut seen = 0;
        loop {
            if let Some(line) = self.processes[index].lines[seen..]
                .iter()
                .find(|line| wanted(line))
            {
                return Ok(line.clone());
            }
            seen = self.processes[index].lines.len();
            if let Some((exit, _)) = self.processes[index].ended {
                let process = &self.processes[index];
                bail!(
                    "{} ended ({exit}) without the line waited for:\n{}",
                    process.name,
                    process.lines.join("\n")
                );
            }
            self.step();
        }
    }

    /// Waits for all processes to end; answers their runs in the order of [`Group::spawn`].
    pub(crate) fn wait(mut self) -> Vec<Run> {
        while self.processes.iter().any(|process| process.ended.is_none()) {
            self.step();
        }
        std::mem::take(&mut self.processes)
            .into_iter()
            .map(Run::from)
            .collect()
    }

    /// Kills process `index` as a crash or a pulled plug would; its siblings go on.
    pub(crate) fn kill(&mut self, index: usize) {
        self.end(index, Exit::Crash);
    }

    /// Takes in lines for at most [`POLL_INTERVAL`], then notes who has ended and kills the rest if it must.
    fn step(&mut self) {
        match self.lines.recv_timeout(POLL_INTERVAL) {
            Ok((index, line)) => {
                self.take(index, line);
                while let Ok((index, line)) = self.lines.try_recv() {
                    self.take(index, line);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => unreachable!("the group keeps a sender"),
        }
        let mut failed = false;
        for index in 0..self.processes.len() {
            if self.processes[index].ended.is_some() {
                continue;
            }
            if let Ok(Some(status)) = self.processes[index].child.try_wait() {
                self.drain();
                let exit = Exit::from(status);
                failed |= exit != Exit::Code(0);
                let process = &mut self.processes[index];
                process.ended = Some((exit, process.started.elapsed()));
            }
        }
        if failed {
            self.end_all(Exit::SiblingFailed);
        } else if Instant::now() >= self.deadline {
            if self.echo {
                println!("out of time after {} s", self.limit.as_secs());
            }
            self.end_all(Exit::Deadline);
        }
    }

    /// Takes in what a process had written before it ended and its pipe still held.
    fn drain(&mut self) {
        let until = Instant::now() + DRAIN_LIMIT;
        // The reading threads are quick: a short silence means that all is in.
        while Instant::now() < until {
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok((index, line)) => self.take(index, line),
                Err(_) => break,
            }
        }
    }

    fn take(&mut self, index: usize, line: String) {
        let process = &mut self.processes[index];
        if self.echo {
            println!("{:>9} | {line}", process.name);
        }
        process.lines.push(line);
    }

    fn end_all(&mut self, exit: Exit) {
        for index in 0..self.processes.len() {
            self.end(index, exit);
        }
        self.drain();
    }

    fn end(&mut self, index: usize, exit: Exit) {
        let process = &mut self.processes[index];
        if process.ended.is_none() {
            // An error here means that it has just ended by itself.
            let _ = process.child.kill();
            let _ = process.child.wait();
            process.ended = Some((exit, process.started.elapsed()));
        }
    }

    /// Sends each line of `stream` to the group from a thread of its own, until the stream ends.
    fn forward(&self, index: usize, stream: impl Read + Send + 'static) {
        let sender = self.sender.clone();
        thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut bytes = Vec::new();
            while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
                let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                bytes.clear();
                if sender.send((index, line)).is_err() {
                    return;
                }
            }
        });
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for index in 0..self.processes.len() {
            self.end(index, Exit::SiblingFailed);
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or(Self::Crash, Self::Code)
    }
}

impl From<Process> for Run {
    fn from(process: Process) -> Self {
        let (exit, duration) = process.ended.expect("only ended processes become runs");
        Self {
            name: process.name,
            lines: process.lines,
            exit,
            duration,
        }
    }
}

/// What a good run of Godot looks like, beside exit code 0.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected<'a> {
    /// A line that must be there, by its beginning: proof that the script got to its end.
    pub(crate) status_line: Option<&'a str>,
    /// Parts of `ERROR:` lines that this run is known to print.
    pub(crate) allowed_errors: &'a [&'a str],
}

impl Run {
    /// Everything that is wrong with this run of Godot; empty if nothing is.
    ///
    /// Godot's exit code alone proves little: it is 0 also if scripts fail to parse or the extension fails to load.
    pub(crate) fn problems(&self, expected: Expected<'_>) -> Vec<String> {
        let mut problems = Vec::new();
        if self.exit != Exit::Code(0) {
            problems.push(self.exit.to_string());
        }
        if let Some(status) = expected.status_line
            && !self.lines.iter().any(|line| line.starts_with(status))
        {
            problems.push(format!("no line that begins with {status:?}"));
        }
        problems.extend(
            self.lines
                .iter()
                .filter(|line| is_bad(line, expected.allowed_errors))
                .cloned(),
        );
        problems
    }

    /// Prints all lines behind the process's name: for a run that failed without [`Group::echo`].
    pub(crate) fn print(&self) {
        for line in &self.lines {
            println!("{:>9} | {line}", self.name);
        }
    }
}

/// Whether Godot says with this line that something went wrong.
fn is_bad(line: &str, allowed: &[&str]) -> bool {
    const LEAKS: [&str; 3] = [
        "ObjectDB instances leaked",
        "resources still in use",
        "RID allocations of type",
    ];
    const ALWAYS: [&str; 3] = ["SCRIPT ERROR:", "Parse Error:", "panicked at"];
    if LEAKS.iter().chain(&ALWAYS).any(|text| line.contains(text)) {
        return true;
    }
    let is_error = ["ERROR:", "USER ERROR:"]
        .iter()
        .any(|start| line.trim_start().starts_with(start));
    is_error && !allowed.iter().any(|text| line.contains(text))
}

/// A UDP port that nothing on this machine uses now, never the same twice in one run.
///
/// It lies below 32768, where systems begin to hand out ports for outgoing sockets: one of those could take it before
/// the caller's server does.
///
/// # Errors
/// If none of some thousand ports is free.
pub(crate) fn free_udp_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Runs side by side start at different ports.
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.subsec_micros());
    let start = (clock ^ std::process::id()) % u32::from(COUNT);
    let start = u16::try_from(start).expect("below COUNT");
    let _ = NEXT.compare_exchange(0, start + 1, Ordering::Relaxed, Ordering::Relaxed);
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if UdpSocket::bind(("0.0.0.0", port)).is_ok()
            && UdpSocket::bind(("127.0.0.1", port)).is_ok()
        {
            return Ok(port);
        }
    }
    bail!("no free UDP port from {FIRST} on")
}
