//! [`Siege`]: one attack on one game.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::build::release_program;
use crate::godot_tests::{Class, RUNNER};
use crate::process::{Godot, Group, Launcher, free_udp_port};
use crate::workspace;

use super::account::{Outcome, Role};

/// Players of the built-in class in a flood.
const FLOOD_PLAYERS: usize = 16;
/// Players of each class in the garbage.
const GARBAGE_PLAYERS: usize = 4;
/// Beyond the attack: start-up, the players' way in, and the account at the end.
const EXTRA_SECONDS: u64 = 150;

/// What the server suffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attack {
    /// CONNECTs, so many at once from each address.
    Flood {
        burst: usize,
    },
    Garbage,
}

/// An attack, on whom, and for how long.
#[derive(Debug)]
pub(super) struct Siege {
    pub(super) attack: Attack,
    pub(super) server: Class,
    pub(super) seconds: u64,
}

/// Ports of one siege.
struct Ports {
    server: u16,
    control: u16,
    /// Where a client of the built-in class, and one of ours, find the server in a session that is attacked.
    relays: [u16; 2],
}

impl Siege {
    pub(super) fn title(&self) -> String {
        let attack = match self.attack {
            Attack::Flood { .. } => "flood",
            Attack::Garbage => "garbage",
        };
        let remark = if self.is_judged() { "" } else { ", not judged" };
        let server = self.server.label();
        format!("{attack} of {} s, server {server}{remark}", self.seconds)
    }

    pub(super) fn is_judged(&self) -> bool {
        self.server != Class::BuiltIn
    }

    /// Whether one newcomer after the other tries to join meanwhile.
    pub(super) const fn has_newcomers(&self) -> bool {
        matches!(self.attack, Attack::Flood { .. })
    }

    /// Plays it from start to end.
    ///
    /// # Errors
    /// If a process cannot be started.
    pub(super) fn play(&self, godot: &Godot) -> Result<Outcome> {
        let ports = Ports {
            server: free_udp_port()?,
            control: free_udp_port()?,
            relays: [free_udp_port()?, free_udp_port()?],
        };
        let launcher = Launcher::of_project(godot, &workspace::godot_project(), Some(RUNNER));
        let mut group = Group::new(Duration::from_secs(self.seconds + EXTRA_SECONDS));
        let mut roles = vec![Role::Attacker, Role::Server];
        group.spawn("attacker", &mut self.attacker(&ports)?)?;
        let mut server = self.player(&launcher, &ports, "server", self.server);
        server
            .arg(format!("--attacker={}", ports.control))
            .arg(format!("--players={}", self.players()));
        group.spawn("server", &mut server)?;
        for mut clients in self.clients(&launcher, &ports) {
            group.spawn("clients", &mut clients)?;
            roles.push(Role::Clients);
        }
        Ok(Outcome::new(roles, group.wait()))
    }

    const fn players(&self) -> usize {
        match self.attack {
            Attack::Flood { .. } => FLOOD_PLAYERS,
            Attack::Garbage => 2 * GARBAGE_PLAYERS,
        }
    }

    fn attacker(&self, ports: &Ports) -> Result<Command> {
        let mut command = Command::new(release_program("enet-hostile")?);
        match self.attack {
            Attack::Flood { burst } => {
                command.args(["flood", "--burst", &burst.to_string()]);
            }
            Attack::Garbage => {
                let [built_in, ours] = ports.relays;
                command.args(["garbage", "--relay", &built_in.to_string()]);
                command.args(["--victim", &ours.to_string()]);
            }
        }
        command.args(["--server", &ports.server.to_string()]);
        command.args(["--control", &ports.control.to_string()]);
        command.args(["--seconds", &self.seconds.to_string()]);
        Ok(command)
    }

    fn clients(&self, launcher: &Launcher, ports: &Ports) -> Vec<Command> {
        let of_class = |class| self.player(launcher, ports, "clients", class);
        match self.attack {
            Attack::Flood { .. } => {
                let mut command = of_class(Class::BuiltIn);
                command
                    .arg(format!("--count={FLOOD_PLAYERS}"))
                    .arg("--newcomers");
                vec![command]
            }
            Attack::Garbage => [Class::BuiltIn, Class::Ours]
                .into_iter()
                .zip(ports.relays)
                .map(|(class, relay)| {
                    let mut command = of_class(class);
                    command
                        .arg(format!("--count={GARBAGE_PLAYERS}"))
                        .arg(format!("--via={relay}"));
                    command
                })
                .collect(),
        }
    }

    /// A process of the game.
    fn player(&self, launcher: &Launcher, ports: &Ports, role: &str, class: Class) -> Command {
        let mut command = launcher.command();
        command
            .args(["--", "--scenario=siege"])
            .arg(format!("--role={role}"))
            .args(class.arguments())
            .arg(format!("--port={}", ports.server));
        if !self.is_judged() {
            command.arg("--unjudged");
        }
        command
    }
}
