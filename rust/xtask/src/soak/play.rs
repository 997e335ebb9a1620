//! [`Soak`]: a server, a bad network and clients that come and go, all of them processes of their own.

use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::build::release_program;
use crate::godot_tests::{Class, RUNNER};
use crate::process::{Exit, Godot, Group, Launcher, free_udp_port};
use crate::workspace;

use super::account::{Outcome, Resident};
use super::usage::Usage;
use super::verdict::{PROXY_NAME, SERVER_NAME};

/// The classes of the clients, a process each that is there all the time.
const CLASSES: [Class; 3] = [Class::Ours, Class::Unthreaded, Class::BuiltIn];
const CLIENTS: u32 = 6;
/// The classes of the processes that are killed, again and again.
const CRASHERS: [Class; 2] = [Class::Ours, Class::BuiltIn];
const CRASHER_CLIENTS: u32 = 3;
/// How long such a process plays before it is killed, in seconds.
const CRASHER_SECONDS: [u64; 2] = [4, 20];
/// The server stays until the last client has come.
const SERVER_EXTRA_SECONDS: u64 = 5;
/// Beyond that: start-up, the end of the longest silences, and the account.
const EXTRA_SECONDS: u64 = 180;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: Duration = Duration::from_secs(60);

/// How long clients come, and what decides about chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Soak {
    pub(super) seconds: u64,
    pub(super) seed: u64,
}

struct Ports {
    server: u16,
    network: u16,
    control: u16,
    nobody: u16,
}

/// A process that is killed, and followed by another one.
struct Crasher {
    class: Class,
    index: usize,
}

/// A soak that is being played.
struct Play<'a> {
    soak: Soak,
    launcher: &'a Launcher,
    ports: Ports,
    started: Instant,
    /// With their places in the group.
    residents: Vec<(usize, Resident)>,
    crashers: Vec<Crasher>,
    /// Processes that were given a seed.
    seeds: u64,
    next_look: Duration,
    next_word: Duration,
}

impl Soak {
    /// Plays it from start to end.
    ///
    /// # Errors
    /// If a process cannot be started.
    pub(super) fn play(&self, godot: &Godot) -> Result<Outcome> {
        let launcher = Launcher::of_project(godot, &workspace::godot_project(), Some(RUNNER));
        let seconds = self.seconds + SERVER_EXTRA_SECONDS + EXTRA_SECONDS;
        let mut group = Group::new(Duration::from_secs(seconds));
        let ports = Ports {
            server: free_udp_port()?,
            network: free_udp_port()?,
            control: free_udp_port()?,
            nobody: free_udp_port()?,
        };
        let mut play = Play {
            soak: *self,
            launcher: &launcher,
            ports,
            started: Instant::now(),
            residents: Vec::new(),
            crashers: Vec::new(),
            seeds: 0,
            next_look: Duration::ZERO,
            next_word: TELL_EVERY,
        };
        play.begin(&mut group)?;
        let runs = group.wait_and(|group| play.step(group))?;
        let mut residents = Vec::new();
        for (index, mut resident) in play.residents {
            resident.hear(&runs[index]);
            residents.push(resident);
        }
        // Whole numbers below 2^53 are exact.
        Ok(Outcome::new(self.seconds as f64, runs, residents))
    }
}

impl Play<'_> {
    fn begin(&mut self, group: &mut Group) -> Result<()> {
        group.spawn(PROXY_NAME, &mut self.network()?)?;
        let mut server = self.player(
            "server",
            Class::Ours,
            self.soak.seconds + SERVER_EXTRA_SECONDS,
        );
        let index = group.spawn(SERVER_NAME, &mut server)?;
        let all = CLASSES.map(|_| CLIENTS).into_iter();
        let players = all.chain(CRASHERS.map(|_| CRASHER_CLIENTS)).sum();
        let server = Resident::new(SERVER_NAME.to_owned(), true, players);
        self.residents.push((index, server));
        for class in CLASSES {
            let mut clients = self.clients("clients", class, CLIENTS, self.soak.seconds);
            let index = group.spawn(class.label(), &mut clients)?;
            let is_ours = class != Class::BuiltIn;
            let clients = Resident::new(class.label().to_owned(), is_ours, CLIENTS);
            self.residents.push((index, clients));
        }
        for class in CRASHERS {
            let index = self.spawn_crasher(group, class)?;
            self.crashers.push(Crasher { class, index });
        }
        Ok(())
    }

    fn step(&mut self, group: &mut Group) -> Result<()> {
        let elapsed = self.started.elapsed();
        if elapsed >= self.next_look {
            self.next_look += LOOK_EVERY;
            self.look(group, elapsed);
        }
        if elapsed >= self.next_word {
            self.next_word += TELL_EVERY;
            self.tell(elapsed);
        }
        self.replace_the_killed(group)?;
        if group.running() == 1 && group.pid(0).is_some() {
            // It hears it, or hears it the next time.
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            let _ = socket.send_to(b"end", ("127.0.0.1", self.ports.control));
        }
        Ok(())
    }

    fn look(&mut self, group: &Group, elapsed: Duration) {
        for (index, resident) in &mut self.residents {
            if let Some(usage) = group.pid(*index).and_then(Usage::of) {
                resident.series.push(elapsed.as_secs_f64(), usage);
            }
        }
    }

    fn tell(&self, elapsed: Duration) {
        let usages = self.residents.iter().filter_map(|(_, resident)| {
            let usage = resident.series.last()?;
            let (kib, threads, descriptors) =
                (usage.resident_kib, usage.threads, usage.descriptors);
            Some(format!(
                "{} {kib} KiB {threads} {descriptors}",
                resident.name
            ))
        });
        let usages: Vec<String> = usages.collect();
        let minutes = elapsed.as_secs() / 60;
        println!(
            "{minutes:>3} min (memory, threads, descriptors): {}",
            usages.join(", ")
        );
    }

    fn replace_the_killed(&mut self, group: &mut Group) -> Result<()> {
        for place in 0..self.crashers.len() {
            let Crasher { class, index } = self.crashers[place];
            let is_time = self.started.elapsed().as_secs() + CRASHER_SECONDS[0] < self.soak.seconds;
            if is_time && group.exit(index) == Some(Exit::OnRequest) {
                self.crashers[place].index = self.spawn_crasher(group, class)?;
            }
        }
        Ok(())
    }

    fn spawn_crasher(&mut self, group: &mut Group, class: Class) -> Result<usize> {
        let [least, most] = CRASHER_SECONDS;
        let seconds = least + mixed(self.soak.seed.wrapping_add(self.seeds)) % (most - least + 1);
        let left = self
            .soak
            .seconds
            .saturating_sub(self.started.elapsed().as_secs());
        let mut command = self.clients("crasher", class, CRASHER_CLIENTS, seconds.min(left));
        group.spawn("crasher", &mut command)
    }

    fn network(&self) -> Result<Command> {
        let mut command = Command::new(release_program("enet-proxy")?);
        command.args(["--server", &self.ports.server.to_string()]);
        command.args(["--listen", &self.ports.network.to_string()]);
        command.args(["--control", &self.ports.control.to_string()]);
        command.args(["--seed", &self.soak.seed.to_string()]);
        Ok(command)
    }

    fn clients(&mut self, role: &str, class: Class, count: u32, seconds: u64) -> Command {
        // The low digits are for the clients of one process.
        let seed = mixed(self.soak.seed.wrapping_add(self.seeds)) >> 16;
        self.seeds += 1;
        let mut command = self.player(role, class, seconds);
        command
            .arg(format!("--count={count}"))
            .arg(format!("--seed={seed}"))
            .arg(format!("--via={}", self.ports.network))
            .arg(format!("--network={}", self.ports.control))
            .arg(format!("--nobody={}", self.ports.nobody))
            .arg(format!("--label={}", class.label()));
        command
    }

    fn player(&self, role: &str, class: Class, seconds: u64) -> Command {
        let mut command = self.launcher.command();
        command
            .args(["--", "--scenario=soak"])
            .arg(format!("--role={role}"))
            .args(class.arguments())
            .arg(format!("--port={}", self.ports.server))
            .arg(format!("--seconds={seconds}"));
        command
    }
}

/// Bits without a pattern, for numbers that follow each other. Source: the end of SplitMix64, as in G. Steele, D. Lea,
/// C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
