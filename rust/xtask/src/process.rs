//! Runs Godot and other programs: captured output, one deadline for a group of processes, and the verdict on a run.
//!
//! A [`Group`] is a set of processes that only make sense together, such as a server and its clients. When one fails
//! or the time is up, or when the group is dropped, all of its processes are killed: nothing is left holding a port.

mod ports;
mod told;
mod verdict;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

pub(crate) use ports::free_udp_port;
pub(crate) use told::Rows;
pub(crate) use verdict::Expected;

/// How often a waiting [`Group`] looks whether a process has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long output may still trickle in after a process has ended. A grandchild may hold the pipe open for ever.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// A process that prints this line is killed: a test that wants to know what others make of a sudden end asks for it.
pub(crate) const KILL_REQUEST: &str = "[kill this process]";

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

/// A way to start the demo project without a window: from its folder, or as an exported game.
#[derive(Debug)]
pub(crate) struct Launcher {
    pub(crate) program: PathBuf,
    /// What every run begins with.
    pub(crate) arguments: Vec<OsString>,
    /// Parts of `ERROR:` lines that say nothing about what is run.
    pub(crate) allowed_errors: &'static [&'static str],
}

impl Launcher {
    /// Runs `scene` of `project`, or its main scene.
    pub(crate) fn of_project(godot: &Godot, project: &Path, scene: Option<&str>) -> Self {
        let mut command = godot.command(project);
        command.args(scene);
        Self {
            program: godot.program.clone(),
            arguments: command.get_args().map(OsStr::to_owned).collect(),
            allowed_errors: &[],
        }
    }

    /// The start of a command; what the project's scripts have to know goes behind a `--`.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command
    }
}

/// Runs Godot once, by itself, and shows what it printed if that or its end is not as it should be.
///
/// # Errors
/// If it cannot be started, does not end within `limit`, or [`Run::problems`] finds something else.
pub(crate) fn run_clean(name: &str, command: &mut Command, limit: Duration) -> Result<()> {
    let mut group = Group::new(limit);
    group.spawn(name, command)?;
    let run = group.wait().remove(0);
    let problems = run.problems(Expected::default());
    if !problems.is_empty() {
        run.print();
        bail!("{name} failed: {}", problems.join("; "));
    }
    Ok(())
}

/// Processes that live and die together.
#[derive(Debug)]
pub(crate) struct Group {
    processes: Vec<Process>,
    /// A line of a process, or nothing at the end of one of its two streams.
    lines: Receiver<(usize, Option<String>)>,
    sender: Sender<(usize, Option<String>)>,
    deadline: Instant,
}

#[derive(Debug)]
struct Process {
    name: String,
    child: Child,
    started: Instant,
    lines: Vec<String>,
    open_streams: u8,
    ended: Option<(Exit, Duration)>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It ended itself with this code.
    Code(i32),
    /// We killed it since it had printed [`KILL_REQUEST`].
    OnRequest,
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
            Self::OnRequest => write!(f, "killed: it had asked"),
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
        }
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
            open_streams: 2,
            ended: None,
        });
        Ok(index)
    }

    /// Waits for all processes to end; answers their runs in the order of [`Group::spawn`].
    pub(crate) fn wait(self) -> Vec<Run> {
        self.wait_and(|_| Ok(())).expect("nothing else is done")
    }

    /// As [`wait`](Self::wait), and calls `also` many times a second meanwhile, which may look at them and start more.
    ///
    /// # Errors
    /// If `also` fails; all processes are killed then.
    pub(crate) fn wait_and(
        mut self,
        mut also: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<Vec<Run>> {
        while self.processes.iter().any(|process| process.ended.is_none()) {
            self.step();
            also(&mut self)?;
        }
        let processes = std::mem::take(&mut self.processes);
        Ok(processes.into_iter().map(Run::from).collect())
    }

    /// The system's number of process `index`; `None` once it has ended.
    pub(crate) fn pid(&self, index: usize) -> Option<u32> {
        let process = &self.processes[index];
        process.ended.is_none().then(|| process.child.id())
    }

    /// How process `index` ended; `None` if it has not.
    pub(crate) fn exit(&self, index: usize) -> Option<Exit> {
        self.processes[index].ended.map(|(exit, _)| exit)
    }

    /// Processes that have not ended.
    pub(crate) fn running(&self) -> usize {
        let running = |process: &&Process| process.ended.is_none();
        self.processes.iter().filter(running).count()
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
                self.drain(index);
                let exit = Exit::from(status);
                failed |= exit != Exit::Code(0);
                let process = &mut self.processes[index];
                process.ended = Some((exit, process.started.elapsed()));
            }
        }
        if failed {
            self.end_all(Exit::SiblingFailed);
        } else if Instant::now() >= self.deadline {
            self.end_all(Exit::Deadline);
        }
    }

    /// Takes in what process `index` had written before it ended and its pipes still held.
    fn drain(&mut self, index: usize) {
        let until = Instant::now() + DRAIN_LIMIT;
        while self.processes[index].open_streams > 0 {
            let rest = until.saturating_duration_since(Instant::now());
            let Ok((from, line)) = self.lines.recv_timeout(rest) else {
                return;
            };
            self.take(from, line);
        }
    }

    fn take(&mut self, index: usize, line: Option<String>) {
        let process = &mut self.processes[index];
        match line {
            Some(line) => {
                let asks_for_it = line == KILL_REQUEST;
                process.lines.push(line);
                if asks_for_it {
                    process.end(Exit::OnRequest);
                }
            }
            None => process.open_streams -= 1,
        }
    }

    /// Kills all that have not ended, and notes `exit` for them.
    fn end_all(&mut self, exit: Exit) {
        for index in 0..self.processes.len() {
            if self.processes[index].end(exit) {
                self.drain(index);
            }
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
                if sender.send((index, Some(line))).is_err() {
                    return;
                }
            }
            // If nobody listens any more, nobody waits for the end either.
            let _ = sender.send((index, None));
        });
    }
}

impl Process {
    /// Kills it unless it has ended, and notes `exit`; answers whether that was needed.
    fn end(&mut self, exit: Exit) -> bool {
        if self.ended.is_some() {
            return false;
        }
        // An error here means that it has just ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.ended = Some((exit, self.started.elapsed()));
        true
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for process in &mut self.processes {
            process.end(Exit::SiblingFailed);
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
    fn a_process_is_killed_when_it_asks_and_its_siblings_go_on() {
        let mut group = Group::new(LIMIT);
        let asks = format!("echo before; echo '{KILL_REQUEST}' >&2; exec sleep 100");
        group.spawn("asks", &mut shell(&asks)).unwrap();
        group.spawn("goes on", &mut shell("sleep 0.2")).unwrap();
        let runs = group.wait();
        let exits: Vec<Exit> = runs.iter().map(|run| run.exit).collect();
        assert_eq!(exits, [Exit::OnRequest, Exit::Code(0)]);
        assert!(runs[0].problems(Expected::default()).is_empty());
    }

    #[test]
    fn a_single_run_is_clean_or_fails_with_its_name_and_what_was_wrong() {
        run_clean("import", &mut shell("echo all is well"), LIMIT).unwrap();
        let error = |script| run_clean("import", &mut shell(script), LIMIT).unwrap_err();
        let text = error("echo 'ERROR: no such file'; exit 3").to_string();
        assert_eq!(text, "import failed: exit code 3; ERROR: no such file");
    }

    #[test]
    fn the_deadline_ends_a_process_that_hangs_even_if_a_grandchild_keeps_its_output_open() {
        let mut group = Group::new(Duration::from_millis(100));
        group
            .spawn("hangs", &mut shell("sleep 5 & echo started; wait"))
            .unwrap();
        assert_eq!(group.wait()[0].exit, Exit::Deadline);
    }
}
