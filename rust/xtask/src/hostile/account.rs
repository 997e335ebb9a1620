//! [`Outcome`]: what the processes of a siege told, and how it is shown.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::process::{Rows, Run};

/// What a process of the game prints its account behind, and what the attacker does.
const GAME: &str = "SIEGE ";
const ATTACKER: &str = "HOSTILE ";
/// Lines that every run prints: the engine's greeting, checks, accounts and the end.
const USUAL: [&str; 7] = [
    "Godot Engine",
    "Initialize godot-rust",
    "ok ",
    "TESTS ",
    // Marks of a scenario.
    "[errors ",
    GAME,
    ATTACKER,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Attacker,
    Server,
    Clients,
}

/// The account of a process of the game.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Game {
    /// Players whose connection ended before its time.
    pub(super) dropped: u64,
    /// Reliable packets that did not come, or not in their turn.
    pub(super) lost: u64,
    /// Packets received, and sent.
    pub(super) reliable: u64,
    pub(super) unreliable: u64,
    pub(super) unreliable_sent: u64,
    /// How long each newcomer took, also who did not join in the end; and how many did not.
    pub(super) joins_msec: Vec<u64>,
    pub(super) joins_failed: u64,
    /// How long a newcomer had waited when the attack was over, who had not joined.
    pub(super) join_waiting_msec: u64,
    /// Memory in RAM, every 200 ms from when all play to the end of the attack.
    pub(super) memory_kib: Vec<u64>,
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
    pub(super) statistics: BTreeMap<String, serde_json::Value>,
}

/// The account of the attacker.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attacker {
    pub(super) datagrams_sent: u64,
    pub(super) datagrams_per_second: f64,
    pub(super) refused: u64,
    pub(super) answer_bytes: u64,
    pub(super) bytes_sent: u64,
    pub(super) stranger_bytes: u64,
    pub(super) amplified: u64,
    pub(super) sent: BTreeMap<String, u64>,
}

/// All accounts of one siege; those of several processes of clients are one.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) runs: Vec<Run>,
    pub(super) attacker: Option<Attacker>,
    pub(super) server: Option<Game>,
    pub(super) clients: Vec<Game>,
    /// Lines of all processes that are none of the usual ones.
    pub(super) unusual_lines: usize,
}

impl Outcome {
    /// The accounts in `runs`, of processes with these roles.
    pub(super) fn new(roles: Vec<Role>, runs: Vec<Run>) -> Self {
        let mut outcome = Self {
            runs: Vec::new(),
            attacker: None,
            server: None,
            clients: Vec::new(),
            unusual_lines: 0,
        };
        for (role, run) in roles.iter().zip(&runs) {
            match role {
                Role::Attacker => outcome.attacker = run.told(ATTACKER).next(),
                Role::Server => outcome.server = run.told(GAME).next(),
                Role::Clients => outcome.clients.extend(run.told::<Game>(GAME).next()),
            }
            outcome.unusual_lines += run.lines.iter().filter(|line| is_unusual(line)).count();
        }
        outcome.runs = runs;
        outcome
    }

    /// The longest that a newcomer waited, in ms, whether he joined in the end or not.
    pub(super) fn longest_join(&self) -> u64 {
        self.clients
            .iter()
            .flat_map(|game| {
                game.joins_msec
                    .iter()
                    .copied()
                    .chain([game.join_waiting_msec])
            })
            .max()
            .unwrap_or(0)
    }

    /// How many newcomers joined.
    pub(super) fn joined(&self) -> u64 {
        self.of_clients(|game| (game.joins_msec.len() as u64).saturating_sub(game.joins_failed))
    }

    pub(super) fn of_clients(&self, value: fn(&Game) -> u64) -> u64 {
        self.clients.iter().map(value).sum()
    }

    /// The figures, one a line.
    pub(super) fn table(&self) -> String {
        let mut rows = Rows::default();
        let mut row = |name: &str, text: String| rows.add(name, text);
        match &self.attacker {
            Some(attacker) => attacker.rows(&mut row),
            None => row("the attacker", "told nothing".to_owned()),
        }
        match &self.server {
            Some(server) => self.rows_of_game(server, &mut row),
            None => row("the server", "told nothing".to_owned()),
        }
        row(
            "lines in the logs beside the usual",
            self.unusual_lines.to_string(),
        );
        rows.to_string()
    }

    fn rows_of_game(&self, server: &Game, row: &mut impl FnMut(&str, String)) {
        let dropped = server.dropped.max(self.of_clients(|game| game.dropped));
        row("players dropped", dropped.to_string());
        let lost = server.lost + self.of_clients(|game| game.lost);
        let reliable = server.reliable + self.of_clients(|game| game.reliable);
        row("reliable packets lost", format!("{lost} of {reliable}"));
        row(
            "unreliable to the server",
            share(
                server.unreliable,
                self.of_clients(|game| game.unreliable_sent),
            ),
        );
        row(
            "unreliable to the players",
            share(
                self.of_clients(|game| game.unreliable),
                server.unreliable_sent,
            ),
        );
        let failed = self.of_clients(|game| game.joins_failed);
        if self.joined() + failed > 0 || self.longest_join() > 0 {
            let (joined, longest) = (self.joined(), self.longest_join());
            row(
                "newcomers joined",
                format!("{joined}, {failed} failed, the longest wait {longest} ms"),
            );
        }
        if let (Some(first), Some(most)) =
            (server.memory_kib.first(), server.memory_kib.iter().max())
        {
            let last = server.memory_kib.last().unwrap_or(first);
            row(
                "memory of the server",
                format!("{first} KiB, then at most {most} KiB, {last} KiB at the end"),
            );
        }
        row(
            "processor time of the server",
            format!("{:.2} s in {:.1} s", server.cpu_seconds, server.seconds),
        );
        for (name, value) in &server.statistics {
            match value.as_object() {
                Some(causes) => causes
                    .iter()
                    .filter(|(_, count)| count.as_u64() != Some(0))
                    .for_each(|(cause, count)| {
                        row(&format!("server: {name} {cause}"), count.to_string())
                    }),
                None => row(&format!("server: {name}"), value.to_string()),
            }
        }
    }
}

impl Game {
    /// A counter of the host; 0 where the class has none of this name.
    pub(super) fn statistic(&self, name: &str) -> u64 {
        let value = self
            .statistics
            .get(name)
            .and_then(serde_json::Value::as_u64);
        value.unwrap_or(0)
    }
}

impl Attacker {
    fn rows(&self, row: &mut impl FnMut(&str, String)) {
        row(
            "datagrams sent",
            format!(
                "{}, {:.0} a second",
                self.datagrams_sent, self.datagrams_per_second
            ),
        );
        row("refused by the attacker's system", self.refused.to_string());
        let asked = self.bytes_sent + self.stranger_bytes;
        row(
            "bytes back to unproven addresses",
            format!("{} for {asked}", self.answer_bytes),
        );
        if self.bytes_sent > 0 {
            row("answers beyond what was sent", self.amplified.to_string());
        }
        for (kind, count) in &self.sent {
            row(kind, count.to_string());
        }
    }
}

fn share(part: u64, whole: u64) -> String {
    format!("{part} of {whole}")
}

fn is_unusual(line: &str) -> bool {
    !line.is_empty() && !USUAL.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::Exit;

    /// A siege in which these lines were printed by attacker, server and clients.
    pub(in crate::hostile) fn outcome(
        attacker: &str,
        server: &[&str],
        clients: &[&str],
    ) -> Outcome {
        let run = |name: &str, lines: &[&str]| Run {
            name: name.to_owned(),
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            exit: Exit::Code(0),
            duration: Duration::ZERO,
        };
        let runs = vec![
            run("attacker", &[attacker]),
            run("server", server),
            run("clients", clients),
        ];
        Outcome::new(vec![Role::Attacker, Role::Server, Role::Clients], runs)
    }

    #[test]
    fn accounts_are_found_and_shown_and_other_lines_are_counted() {
        let outcome = outcome(
            r#"HOSTILE {"datagrams_sent":900,"datagrams_per_second":300.4,"bytes_sent":46800,"answer_bytes":480}"#,
            &[
                "Godot Engine v4",
                r#"SIEGE {"unreliable":9,"lost":2,"statistics":{"peers":1,"dropped":{"malformed":3,"memory":0}}}"#,
                "WARNING: spam",
                "TESTS 1 passed, 0 failed",
            ],
            &[r#"SIEGE {"unreliable_sent":10,"joins_msec":[20,540],"join_waiting_msec":7}"#],
        );
        assert_eq!(outcome.unusual_lines, 1);
        assert_eq!(outcome.longest_join(), 540);
        let table = outcome.table();
        for part in [
            "900, 300 a second",
            "480 for 46800",
            "2 of 0",
            "9 of 10",
            "2, 0 failed, the longest wait 540 ms",
            "dropped malformed",
        ] {
            assert!(table.contains(part), "{part}:\n{table}");
        }
        assert!(!table.contains("dropped memory"), "{table}");
    }

    #[test]
    fn who_told_nothing_is_named() {
        let table = outcome("oh", &["crash"], &[]).table();
        assert!(
            table.contains("attacker") && table.contains("told nothing"),
            "{table}"
        );
    }
}
