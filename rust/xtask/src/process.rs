//! Runs Godot and other programs: captured output, one deadline for a group of processes, and the verdict on a run.
//!
//! A [`Group`] is a set of processes that only make sense together, such as a server and its clients. When one fails
//! or the time is up, or when the group is dropped, all of its processes are killed: nothing is left holding a port.

mod ports;
mod verdict;

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

pub(crate) use ports::free_udp_port;
pub(crate) use verdict::Expected;

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
    /// The process whose failure ended the others.
    culprit: Option<usize>,
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
    /// [`Group::kill`] killed it.
    Killed,
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
            Self::Killed => write!(f, "killed"),
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
            culprit: None,
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
            if self.processes[index].ended.is_some() {
                // Where another process failed first, its output is the one to look at.
                let process = &self.processes[self.culprit.unwrap_or(index)];
                let exit = process.ended.map_or(Exit::Deadline, |(exit, _)| exit);
                let output = process.lines.join("\n");
                bail!(
                    "{} ended ({exit}) while a line of {} was awaited:\n{output}",
                    process.name,
                    self.processes[index].name
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
        self.end(index, Exit::Killed);
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
        for index in 0..self.processes.len() {
            if self.processes[index].ended.is_some() {
                continue;
            }
            if let Ok(Some(status)) = self.processes[index].child.try_wait() {
                self.drain();
                let exit = Exit::from(status);
                if exit != Exit::Code(0) {
                    self.culprit.get_or_insert(index);
                }
                let process = &mut self.processes[index];
                process.ended = Some((exit, process.started.elapsed()));
            }
        }
        if self.culprit.is_some() {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Longer than any of these tests may take: what waits for it has hung.
    const LIMIT: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_are_kept_and_runs_come_in_the_order_of_their_start() {
        let mut group = Group::new(LIMIT);
        group
            .spawn(
                "one",
                &mut shell("echo out; echo err >&2; printf 'no newline'"),
            )
            .unwrap();
        group
            .spawn("two", &mut shell("read line; echo \"<$line>\""))
            .unwrap();
        let runs = group.wait();
        let mut lines = runs[0].lines.clone();
        lines.sort();
        assert_eq!(
            (runs[0].name.as_str(), runs[0].exit),
            ("one", Exit::Code(0))
        );
        assert_eq!(lines, ["err", "no newline", "out"]);
        assert_eq!(runs[1].lines, ["<>"], "standard input is empty");
    }

    #[test]
    fn a_failure_ends_the_siblings() {
        let mut group = Group::new(LIMIT);
        group.spawn("waits", &mut shell("exec sleep 100")).unwrap();
        group.spawn("fails", &mut shell("exit 3")).unwrap();
        let exits: Vec<Exit> = group.wait().iter().map(|run| run.exit).collect();
        assert_eq!(exits, [Exit::SiblingFailed, Exit::Code(3)]);
    }

    #[test]
    fn the_deadline_ends_a_process_that_hangs_even_if_a_grandchild_keeps_its_output_open() {
        let mut group = Group::new(Duration::from_millis(100));
        group
            .spawn("hangs", &mut shell("sleep 5 & echo started; wait"))
            .unwrap();
        assert_eq!(group.wait()[0].exit, Exit::Deadline);
    }

    #[test]
    fn a_line_is_waited_for_and_its_absence_names_the_culprit() {
        let mut group = Group::new(LIMIT);
        let server = group
            .spawn(
                "server",
                &mut shell("echo starting; echo listening; exec sleep 100"),
            )
            .unwrap();
        assert_eq!(
            group
                .wait_for_line(server, |line| line.starts_with("listen"))
                .unwrap(),
            "listening"
        );
        assert_eq!(
            group
                .wait_for_line(server, |line| line == "starting")
                .unwrap(),
            "starting"
        );
        group
            .spawn("client", &mut shell("echo no way; exit 1"))
            .unwrap();
        let error = group
            .wait_for_line(server, |line| line == "joined")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("client ended (exit code 1)") && error.contains("no way"),
            "{error}"
        );
    }

    #[test]
    fn a_planned_kill_leaves_the_siblings_alone() {
        let mut group = Group::new(LIMIT);
        let victim = group.spawn("victim", &mut shell("exec sleep 100")).unwrap();
        let other = group
            .spawn("other", &mut shell("exec cat /dev/null"))
            .unwrap();
        group.kill(victim);
        let runs = group.wait();
        assert_eq!(
            (runs[victim].exit, runs[other].exit),
            (Exit::Killed, Exit::Code(0))
        );
    }
}
