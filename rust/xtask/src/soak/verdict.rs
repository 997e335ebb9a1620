//! What must hold of a soak.

use std::collections::BTreeMap;

use crate::process::Expected;

use super::account::{Link, Outcome};
use super::growth;

/// The status line of a scenario.
const STATUS: &str = "TESTS ";
/// The process that is no scenario, and the one that is no client.
pub(super) const PROXY_NAME: &str = "network";
pub(super) const SERVER_NAME: &str = "server";
/// Ways to leave of which every class must have taken each in a long run; a crash is a process of its own.
const WAYS: [&str; 5] = ["close", "leave", "kick", "kick_at_once", "silence"];
const CRASH: &str = "crash";

/// Everything that is wrong.
pub(super) fn problems(outcome: &Outcome) -> Vec<String> {
    let mut problems = problems_of_runs(outcome);
    problems.extend(problems_of_links(outcome));
    problems.extend(problems_of_server(outcome));
    problems.extend(problems_of_effort(outcome));
    for resident in outcome.residents.iter().filter(|resident| resident.is_ours) {
        problems.extend(growth::problems(resident, outcome.seconds));
    }
    problems
}

fn problems_of_runs(outcome: &Outcome) -> Vec<String> {
    let mut problems = Vec::new();
    for run in &outcome.runs {
        let found = run.problems(Expected {
            status_line: (run.name != PROXY_NAME).then_some(STATUS),
            allowed_errors: &[],
        });
        problems.extend(
            found
                .iter()
                .map(|problem| format!("{}: {problem}", run.name)),
        );
    }
    problems
}

/// What is wrong with single connections, and with what their two sides tell of each other.
fn problems_of_links(outcome: &Outcome) -> Vec<String> {
    let by_id = |links: &[Link]| -> BTreeMap<u64, Link> {
        let links = links.iter();
        links.map(|link| (link.id, link.clone())).collect()
    };
    let (clients, servers) = (by_id(&outcome.clients), by_id(&outcome.servers));
    let mut problems = Vec::new();
    let told = outcome.clients.len() + outcome.servers.len();
    if clients.len() + servers.len() < told {
        problems.push("two connections with one id".to_owned());
    }
    for link in outcome.clients.iter().chain(&outcome.servers) {
        problems.extend(
            faults(link)
                .into_iter()
                .map(|fault| format!("{}: {fault}", shown(link))),
        );
    }
    for client in &outcome.clients {
        let found = match servers.get(&client.id) {
            Some(server) => disagreements(client, server),
            // It ended before the server had heard that the client had joined.
            None if !client.joined || client.received == [0, 0] && !client.is_settled() => vec![],
            None => vec!["the server does not know it".to_owned()],
        };
        problems.extend(
            found
                .iter()
                .map(|found| format!("{}: {found}", shown(client))),
        );
    }
    let strangers = servers
        .values()
        .filter(|link| !clients.contains_key(&link.id));
    problems.extend(strangers.map(|link| format!("{}: no client knows it", shown(link))));
    problems
}

fn shown(link: &Link) -> String {
    format!("{} {} {} {}", link.side, link.id, link.class, link.way)
        .trim_end()
        .to_owned()
}

/// What is wrong with one end of a connection by itself.
fn faults(link: &Link) -> Vec<String> {
    let mut faults = Vec::new();
    let mut none = |what: &str, count: u64| {
        if count > 0 {
            faults.push(format!("{count} {what}"));
        }
    };
    none("packets out of turn", link.out_of_turn);
    none("packets damaged", link.damaged);
    none("packets not taken", link.refused);
    if link.side == "server" {
        return faults;
    }
    if link.end != "ended" {
        faults.push(format!("ended as {:?}", link.end));
    }
    if link.connects != u64::from(link.joined) {
        faults.push(format!("{} signals that it is connected", link.connects));
    }
    let is_ended_by_others = ["kick", "kick_at_once", "silence"].contains(&link.way.as_str());
    if link.disconnects != u64::from(is_ended_by_others) {
        faults.push(format!("{} signals that it ended", link.disconnects));
    }
    faults
}

/// What was sent at one side and did not come at the other, or the other way round.
///
/// Both count in turn, so where a connection was cut what came is a beginning of what was sent if it is no more.
fn disagreements(client: &Link, server: &Link) -> Vec<String> {
    let mut found = Vec::new();
    for (way, from, to) in [
        ("to the server", client, server),
        ("to the client", server, client),
    ] {
        for (stream, (sent, received)) in from.sent.iter().zip(to.received).enumerate() {
            if received > *sent {
                found.push(format!(
                    "{received} of {sent} reliable packets {way}, stream {stream}"
                ));
            } else if client.is_settled() && received < *sent {
                let lost = sent - received;
                found.push(format!(
                    "{lost} of {sent} reliable packets lost {way}, stream {stream}"
                ));
            }
        }
        let (sent, received) = (from.unreliable_sent, to.unreliable_received);
        if received > sent {
            found.push(format!("{received} of {sent} unreliable packets {way}"));
        }
    }
    found
}

fn problems_of_server(outcome: &Outcome) -> Vec<String> {
    let Some(server) = &outcome.server else {
        return vec!["the server told nothing".to_owned()];
    };
    let (arrivals, departures) = (server.arrivals, server.departures);
    let mut problems = Vec::new();
    if arrivals != departures || arrivals != outcome.servers.len() as u64 {
        let told = outcome.servers.len();
        problems.push(format!(
            "{arrivals} came, {departures} left, {told} were told of"
        ));
    }
    if server.strays > 0 {
        problems.push(format!("{} packets of nobody", server.strays));
    }
    problems
}

/// A soak in which nothing happened proves nothing.
fn problems_of_effort(outcome: &Outcome) -> Vec<String> {
    let mut problems = Vec::new();
    let names = outcome.residents.iter().map(|resident| &resident.name);
    for class in names.filter(|name| *name != SERVER_NAME) {
        let links = outcome.clients.iter();
        let links: Vec<&Link> = links.filter(|link| link.class == *class).collect();
        let is_whole = |link: &&Link| link.is_settled() && link.received != [0, 0];
        if !links.iter().any(is_whole) {
            problems.push(format!("{class}: no connection ended in order"));
        }
        if outcome.seconds >= growth::LONG {
            let is_missing = |way: &&&str| !links.iter().any(|link| link.way == **way);
            let missing = WAYS.iter().filter(is_missing);
            problems.extend(missing.map(|way| format!("{class}: no connection ended by {way}")));
        }
    }
    for what in ["lost", "duplicated", "reordered"] {
        if outcome.network.get(what).is_none_or(|count| *count == 0) {
            problems.push(format!("the network {what} nothing"));
        }
    }
    if outcome.seconds >= growth::LONG {
        if outcome
            .network
            .get("outages")
            .is_none_or(|count| *count == 0)
        {
            problems.push("the network was never down".to_owned());
        }
        let mut crashes = outcome.clients.iter().filter(|link| link.way == CRASH);
        if !crashes.any(|link| link.joined) {
            problems.push("no process was killed that had connections".to_owned());
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::account::Resident;
    use super::*;
    use crate::process::{Exit, Run};

    const REST: &str = r#"SOAK_REST {"when":"WHEN","threads":7,"descriptors":13,"objects":9}"#;
    const SERVER: &str =
        r#"SOAK {"side":"server","id":5,"sent":[9,8],"received":[7,6],"unreliable_received":3}"#;
    const CLIENT: &str = r#"SOAK {"side":"client","id":5,"class":"ours","way":"close","end":"ended","joined":true,"connects":1,"sent":[7,6],"received":[9,8],"unreliable_sent":4}"#;
    const COUNTED: &str = r#"SOAK_SERVER {"arrivals":1,"departures":1}"#;
    const NETWORK: &str = r#"PROXY {"lost":1,"duplicated":1,"reordered":1}"#;

    /// What is wrong with a short soak in which these lines were printed.
    fn found(server: &[&str], clients: &[&str]) -> Vec<String> {
        found_in(15.0, NETWORK, server, clients)
    }

    fn found_in(seconds: f64, network: &str, server: &[&str], clients: &[&str]) -> Vec<String> {
        let rests = ["begin", "end"].map(|when| REST.replace("WHEN", when));
        let status = "TESTS 3 passed, 0 failed".to_owned();
        let run = |name: &str, lines: &[&str]| Run {
            name: name.to_owned(),
            lines: lines
                .iter()
                .map(|&line| line.to_owned())
                .chain(rests.clone())
                .chain([status.clone()])
                .collect(),
            exit: Exit::Code(0),
            duration: Duration::ZERO,
        };
        let runs = vec![
            run(PROXY_NAME, &[network]),
            run(SERVER_NAME, server),
            run("ours", clients),
        ];
        let mut residents = vec![
            Resident::new(SERVER_NAME.to_owned(), true, 6),
            Resident::new("ours".to_owned(), true, 6),
        ];
        for (resident, run) in residents.iter_mut().zip(&runs[1..]) {
            resident.hear(run);
        }
        problems(&Outcome::new(seconds, runs, residents))
    }

    #[test]
    fn a_soak_in_which_all_came_has_no_problems() {
        assert_eq!(found(&[SERVER, COUNTED], &[CLIENT]), [""; 0]);
    }

    #[test]
    fn each_fault_is_named() {
        let server = |from: &str, to: &str| found(&[&SERVER.replace(from, to), COUNTED], &[CLIENT]);
        let client = |from: &str, to: &str| found(&[SERVER, COUNTED], &[&CLIENT.replace(from, to)]);
        let counted =
            |from: &str, to: &str| found(&[SERVER, &COUNTED.replace(from, to)], &[CLIENT]);
        for (found, part) in [
            (
                server("[7,6]", "[6,6]"),
                "1 of 7 reliable packets lost to the server, stream 0",
            ),
            (
                client("[9,8]", "[9,7]"),
                "1 of 8 reliable packets lost to the client, stream 1",
            ),
            (
                server("[7,6]", "[7,7]"),
                "7 of 6 reliable packets to the server, stream 1",
            ),
            (
                server("\"unreliable_received\":3", "\"unreliable_received\":5"),
                "5 of 4 unreliable",
            ),
            (server("{", r#"{"out_of_turn":2,"#), "2 packets out of turn"),
            (client("{", r#"{"damaged":1,"#), "1 packets damaged"),
            (client("{", r#"{"refused":1,"#), "1 packets not taken"),
            (client("\"ended\"", "\"dropped\""), "ended as \"dropped\""),
            (
                client("\"connects\":1", "\"connects\":2"),
                "2 signals that it is connected",
            ),
            (client("\"close\"", "\"kick\""), "0 signals that it ended"),
            (
                client("\"id\":5", "\"id\":6"),
                "the server does not know it",
            ),
            (
                client("\"id\":5", "\"id\":6"),
                "server 5: no client knows it",
            ),
            (
                counted("\"departures\":1", "\"departures\":0"),
                "1 came, 0 left, 1 were told of",
            ),
            (counted("{", r#"{"strays":4,"#), "4 packets of nobody"),
            (found(&[SERVER], &[CLIENT]), "the server told nothing"),
            (found(&[COUNTED], &[]), "ours: no connection ended in order"),
        ] {
            assert!(
                found.iter().any(|problem| problem.contains(part)),
                "{part}: {found:?}"
            );
        }
    }

    #[test]
    fn a_long_soak_in_which_something_never_happened_proves_nothing() {
        let crash = CLIENT
            .replace("close", "crash")
            .replace("\"id\":5", "\"id\":6");
        let down = NETWORK.replace('{', r#"{"outages":1,"#);
        let missing = |network: &str, clients: &[&str]| -> Vec<String> {
            let found = found_in(growth::LONG, network, &[SERVER, COUNTED], clients);
            let effort = ["never", "no process", "ended by kick_"];
            let is_of_effort = |problem: &String| effort.iter().any(|part| problem.contains(part));
            found.into_iter().filter(is_of_effort).collect()
        };
        let no_kick = "ours: no connection ended by kick_at_once";
        assert_eq!(missing(&down, &[CLIENT, &crash]), [no_kick]);
        assert_eq!(
            missing(NETWORK, &[CLIENT]),
            [
                no_kick,
                "the network was never down",
                "no process was killed that had connections"
            ]
        );
    }

    #[test]
    fn of_a_connection_that_was_cut_a_beginning_is_enough() {
        let leaving = CLIENT.replace("close", "leave").replace("[9,8]", "[3,0]");
        let cut = SERVER.replace("[7,6]", "[4,2]");
        let found = found(&[&cut, COUNTED], &[&leaving]);
        assert_eq!(found, ["ours: no connection ended in order"]);
    }

    #[test]
    fn a_client_that_ends_at_once_need_not_be_known_to_the_server() {
        let crash = CLIENT
            .replace("close", "crash")
            .replace("\"id\":5", "\"id\":6")
            .replace("[9,8]", "[0,0]");
        assert_eq!(found(&[SERVER, COUNTED], &[CLIENT, &crash]), [""; 0]);
    }
}
