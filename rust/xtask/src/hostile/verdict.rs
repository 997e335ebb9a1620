//! What must hold of a siege of our server.

use crate::process::Expected;

use super::account::Outcome;

/// The status line of a scenario.
const STATUS: &str = "TESTS ";
/// Lines that a log may have beside the usual ones, whatever was sent.
const LINES: usize = 10;
/// Longest wait of a newcomer, in ms: two repetitions of his CONNECT.
const JOIN_MSEC: u64 = 2000;
/// Growth of the server's memory, in KiB: the table of connection attempts and the filter of those that wait have a
/// size of their own, and then it must be flat.
const GROWTH_KIB: u64 = 24 * 1024;
const LATE_GROWTH_KIB: u64 = 4 * 1024;

/// What is judged of a siege beside what always is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demands {
    /// What depends on what else the machine is doing, and memory, which takes some seconds to be flat.
    pub(super) strict: bool,
    /// That newcomers came, and that all got in.
    pub(super) newcomers: bool,
}

/// Everything that is wrong.
pub(super) fn problems(outcome: &Outcome, demands: Demands) -> Vec<String> {
    let mut problems = Vec::new();
    for run in &outcome.runs {
        let status_line = (run.name != "attacker").then_some(STATUS);
        let found = run.problems(Expected {
            status_line,
            allowed_errors: &[],
        });
        problems.extend(
            found
                .into_iter()
                .map(|problem| format!("{}: {problem}", run.name)),
        );
    }
    let (Some(attacker), Some(server)) = (&outcome.attacker, &outcome.server) else {
        problems.push("attacker or server told nothing".to_owned());
        return problems;
    };
    let mut must = |held: bool, what: &str, detail: String| {
        if !held {
            problems.push(format!("{what}: {detail}"));
        }
    };
    let none = |count: u64| (count == 0, count.to_string());
    let (held, detail) = none(server.dropped + outcome.of_clients(|game| game.dropped));
    must(held, "players dropped", detail);
    let (held, detail) = none(server.lost + outcome.of_clients(|game| game.lost));
    must(held, "reliable packets lost", detail);
    must(
        server.reliable > 0,
        "no reliable packet came",
        String::new(),
    );
    must(
        attacker.datagrams_sent > 0,
        "nobody attacked",
        String::new(),
    );
    let (held, detail) = none(attacker.amplified);
    must(held, "answers beyond what a source had sent", detail);
    let asked = attacker.bytes_sent + attacker.stranger_bytes;
    must(
        attacker.answer_bytes <= asked,
        "more bytes back than were sent",
        attacker.answer_bytes.to_string(),
    );
    let unproven = |way: &str| server.statistic(&format!("unproven_bytes_{way}"));
    must(
        unproven("sent") <= unproven("received"),
        "more bytes to unproven addresses than from them, as the server counts",
        unproven("sent").to_string(),
    );
    let sent = outcome.of_clients(|game| game.unreliable_sent);
    must(
        server.unreliable <= sent,
        "unreliable packets that nobody sent",
        server.unreliable.to_string(),
    );
    must(
        outcome.unusual_lines <= LINES,
        "lines in the logs",
        outcome.unusual_lines.to_string(),
    );
    if demands.newcomers {
        must(outcome.joined() > 0, "no newcomer joined", String::new());
        let (held, detail) = none(outcome.of_clients(|game| game.joins_failed));
        must(held, "newcomers who did not get in", detail);
    }
    if demands.strict {
        let wait = outcome.longest_join();
        must(
            wait <= JOIN_MSEC,
            "a newcomer waited too long, in ms",
            wait.to_string(),
        );
        let memory = &server.memory_kib;
        let most = |from: usize| memory.iter().skip(from).max().copied().unwrap_or(0);
        let grown = |from: usize| most(from).saturating_sub(memory.get(from).copied().unwrap_or(0));
        must(
            grown(0) <= GROWTH_KIB,
            "memory grew, in KiB",
            grown(0).to_string(),
        );
        let late = grown(memory.len() / 2);
        must(
            late <= LATE_GROWTH_KIB,
            "memory grew in the second half, in KiB",
            late.to_string(),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::account::tests::outcome;
    use super::*;

    const ATTACK: &str = r#"HOSTILE {"datagrams_sent":9,"bytes_sent":500,"answer_bytes":480}"#;
    const STATUS_LINE: &str = "TESTS 1 passed, 0 failed";
    const ALL: Demands = Demands {
        strict: true,
        newcomers: true,
    };
    const CLIENTS: &str = r#"SIEGE {"unreliable_sent":5,"joins_msec":[500]}"#;

    fn found(attack: &str, server: &str, clients: &str) -> Vec<String> {
        let outcome = outcome(attack, &[server, STATUS_LINE], &[clients, STATUS_LINE]);
        problems(&outcome, ALL)
    }

    #[test]
    fn a_siege_that_held_has_no_problems_and_each_fault_is_named() {
        let good = r#"SIEGE {"reliable":9,"unreliable":5,"memory_kib":[100,12000,12100]}"#;
        assert!(found(ATTACK, good, CLIENTS).is_empty());
        for (attack, server, clients, part) in [
            (
                ATTACK,
                r#"SIEGE {"reliable":9,"dropped":1}"#,
                CLIENTS,
                "players dropped: 1",
            ),
            (
                ATTACK,
                r#"SIEGE {"reliable":9,"lost":2}"#,
                CLIENTS,
                "reliable packets lost: 2",
            ),
            (ATTACK, "SIEGE {}", CLIENTS, "no reliable packet"),
            (
                ATTACK,
                r#"SIEGE {"reliable":9,"unreliable":6}"#,
                CLIENTS,
                "that nobody sent: 6",
            ),
            (
                ATTACK,
                r#"SIEGE {"reliable":9,"memory_kib":[1,30000]}"#,
                CLIENTS,
                "memory grew, in KiB: 29999",
            ),
            (
                ATTACK,
                r#"SIEGE {"reliable":9,"memory_kib":[1,1,9000]}"#,
                CLIENTS,
                "second half",
            ),
            (
                ATTACK,
                good,
                r#"SIEGE {"unreliable_sent":5,"join_waiting_msec":2001}"#,
                "2001",
            ),
            (
                r#"HOSTILE {"datagrams_sent":9,"amplified":3}"#,
                good,
                CLIENTS,
                "had sent: 3",
            ),
            (
                r#"HOSTILE {"datagrams_sent":9,"answer_bytes":1}"#,
                good,
                CLIENTS,
                "more bytes back",
            ),
            (
                ATTACK,
                r#"SIEGE {"reliable":9,"statistics":{"unproven_bytes_sent":5,"unproven_bytes_received":4}}"#,
                CLIENTS,
                "as the server counts: 5",
            ),
            ("crash", good, CLIENTS, "told nothing"),
        ] {
            let found = found(attack, server, clients);
            assert!(
                found.iter().any(|problem| problem.contains(part)),
                "{part}: {found:?}"
            );
        }
    }

    #[test]
    fn what_depends_on_the_machine_is_judged_only_where_asked_for() {
        let server = r#"SIEGE {"reliable":9,"memory_kib":[1,1,90000]}"#;
        let late = r#"SIEGE {"joins_msec":[9000]}"#;
        let outcome = outcome(ATTACK, &[server, STATUS_LINE], &[late, STATUS_LINE]);
        let lenient = Demands {
            strict: false,
            ..ALL
        };
        assert!(problems(&outcome, lenient).is_empty());
        assert_eq!(problems(&outcome, ALL).len(), 3);
    }

    #[test]
    fn newcomers_must_come_and_get_in_where_there_are_any() {
        let server = r#"SIEGE {"reliable":9}"#;
        let judged = |clients: &str, newcomers| {
            let demands = Demands {
                strict: false,
                newcomers,
            };
            let outcome = outcome(ATTACK, &[server, STATUS_LINE], &[clients, STATUS_LINE]);
            problems(&outcome, demands)
        };
        let nobody = "no newcomer joined: ";
        for (clients, found) in [
            (r#"SIEGE {"joins_msec":[500]}"#, &[][..]),
            (r#"SIEGE {"join_waiting_msec":900}"#, &[nobody]),
            (
                r#"SIEGE {"joins_msec":[9,500],"joins_failed":1}"#,
                &["newcomers who did not get in: 1"],
            ),
            (
                r#"SIEGE {"joins_msec":[9,9],"joins_failed":2}"#,
                &[nobody, "newcomers who did not get in: 2"],
            ),
        ] {
            assert_eq!(judged(clients, true), found, "{clients}");
            assert!(judged(clients, false).is_empty(), "{clients}");
        }
    }

    #[test]
    fn spam_is_a_problem() {
        let mut lines = vec!["WARNING: a datagram"; LINES + 1];
        lines.extend([r#"SIEGE {"reliable":9}"#, STATUS_LINE]);
        let outcome = outcome(ATTACK, &lines, &[CLIENTS, STATUS_LINE]);
        assert_eq!(problems(&outcome, ALL), ["lines in the logs: 11"]);
    }
}
