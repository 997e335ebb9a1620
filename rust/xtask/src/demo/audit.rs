//! Compares the accounts of all sides of a match.

use std::collections::BTreeSet;

use super::account::{self, Account, Side};

/// Id of a Godot server.
const SERVER_ID: i32 = 1;

/// The transfer modes that a match has to have used for its result to mean anything.
const MODES: [&str; 3] = ["unreliable", "unreliable_ordered", "reliable"];

/// Everything on which the sides disagree, or that a full match should have shown and did not.
pub(super) fn find_faults(accounts: &[Account]) -> Vec<String> {
    let mut faults = Vec::new();
    let Some(server) = accounts.iter().find(|account| account.side == Side::Server) else {
        return vec!["no account of a server".to_owned()];
    };
    let clients: Vec<&Account> = accounts
        .iter()
        .filter(|account| account.side == Side::Client)
        .collect();
    for account in accounts {
        check_outcome(account, &mut faults);
        check_replication(account, server, &mut faults);
    }
    check_arrivals(server, &clients, &mut faults);
    check_departures(server, &clients, &mut faults);
    check_rpcs(accounts, &mut faults);
    faults
}

fn check_outcome(account: &Account, faults: &mut Vec<String>) {
    let name = &account.name;
    for disagreement in &account.disagreements {
        faults.push(format!("{name} was told: {disagreement}"));
    }
    if !account.concluded {
        faults.push(format!("{name} did not see the end of the match"));
    } else if !account.succeeded {
        faults.push(format!("{name} reports a failure"));
    }
    if account.ping_ms.is_empty() {
        faults.push(format!("{name} measured no round-trip time"));
    }
}

/// Avatars, scores and states have to be the server's everywhere.
fn check_replication(account: &Account, server: &Account, faults: &mut Vec<String>) {
    let name = &account.name;
    let nodes = |account: &Account| account.replicated_nodes.iter().cloned().collect();
    let (seen, spawned): (BTreeSet<String>, BTreeSet<String>) = (nodes(account), nodes(server));
    if seen != spawned || account.replicated_nodes.len() != seen.len() {
        faults.push(format!(
            "{name} saw the nodes {seen:?}, the server spawned {spawned:?}"
        ));
    }
    if account.standings != server.standings {
        faults.push(format!(
            "{name} ends with the scores {:?}, the server with {:?}",
            account.standings, server.standings
        ));
    }
    if account.states != server.states {
        faults.push(format!(
            "{name} sees the avatars as {:?}, the server as {:?}",
            account.states, server.states
        ));
    }
    if account.standings.len() != server.joined.len() {
        faults.push(format!(
            "{name} lists {} scores for {} players",
            account.standings.len(),
            server.joined.len()
        ));
    }
}

/// The server has seen each client come once; each client the server first, then every other client once.
fn check_arrivals(server: &Account, clients: &[&Account], faults: &mut Vec<String>) {
    let everyone: BTreeSet<i32> = clients.iter().map(|client| client.id).collect();
    if !lists_exactly(&server.joined, &everyone) {
        faults.push(format!(
            "the server saw {:?} join, the clients are {everyone:?}",
            server.joined
        ));
    }
    for client in clients {
        let mut others = everyone.clone();
        others.remove(&client.id);
        let (first, rest) = client.joined.split_first().unwrap_or((&0, &[]));
        if *first != SERVER_ID || !lists_exactly(rest, &others) {
            faults.push(format!(
                "{} saw {:?} join, not {SERVER_ID} and then {others:?}",
                client.name, client.joined
            ));
        }
    }
}

/// Clients go one after the other, so each has seen those go that the server saw go before it.
fn check_departures(server: &Account, clients: &[&Account], faults: &mut Vec<String>) {
    if !lists_exactly(&server.left, &server.joined.iter().copied().collect()) {
        faults.push(format!(
            "the server saw {:?} join but {:?} leave",
            server.joined, server.left
        ));
    }
    for client in clients {
        let earlier: Vec<i32> = server
            .left
            .iter()
            .copied()
            .take_while(|id| *id != client.id)
            .collect();
        if client.left != earlier {
            faults.push(format!(
                "{} saw {:?} leave, not {earlier:?}",
                client.name, client.left
            ));
        }
    }
}

fn lists_exactly(ids: &[i32], set: &BTreeSet<i32>) -> bool {
    ids.len() == set.len() && ids.iter().all(|id| set.contains(id))
}

/// Each reliable RPC has arrived once, of the others no more than were sent, and of each lane at least one.
fn check_rpcs(accounts: &[Account], faults: &mut Vec<String>) {
    let lanes = lanes(accounts);
    for sender in accounts {
        for receiver in accounts {
            for lane in &lanes {
                let sent = account::count(&sender.sent, lane, receiver.id);
                let arrived = account::count(&receiver.received, lane, sender.id);
                let fits = if is_reliable(lane) {
                    arrived == sent
                } else {
                    arrived <= sent
                };
                if !fits {
                    faults.push(format!(
                        "{} sent {sent} RPCs on {lane} to {}, which received {arrived}",
                        sender.name, receiver.name
                    ));
                }
            }
        }
    }
    for lane in &lanes {
        if accounts
            .iter()
            .all(|account| account::total(&account.received, lane) == 0)
        {
            faults.push(format!("no RPC arrived on {lane}"));
        }
    }
    for mode in MODES {
        if !lanes.iter().any(|lane| mode_and_channel(lane).0 == mode) {
            faults.push(format!("no RPC was {mode}"));
        }
    }
}

/// All lanes that any side knows, in the order in which tables list them.
pub(super) fn lanes(accounts: &[Account]) -> BTreeSet<String> {
    accounts
        .iter()
        .flat_map(|account| account.sent.keys().chain(account.received.keys()))
        .cloned()
        .collect()
}

/// `reliable/1` as (`reliable`, `1`).
pub(super) fn mode_and_channel(lane: &str) -> (&str, &str) {
    lane.split_once('/').unwrap_or((lane, ""))
}

fn is_reliable(lane: &str) -> bool {
    mode_and_channel(lane).0 == "reliable"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A match of a server and the clients 7 and 9, in which all went well.
    fn good_match() -> Vec<Account> {
        let common = r#""succeeded":true,"concluded":true,"disagreements":[],
            "replicated_nodes":["Avatars/7","Avatars/9"],
            "standings":[{"id":9,"name":"Grace","score":1},{"id":7,"name":"Ada","score":0}],
            "states":{"7":["(1, 2)",0,0],"9":["(3, 4)",100,1]}"#;
        [
            r#""side":"server","name":"Server","id":1,"joined":[7,9],"left":[7,9],
               "sent":{"reliable/1":{"7":4,"9":4},"unreliable/0":{},"unreliable_ordered/3":{"7":5,"9":5}},
               "received":{"reliable/1":{"7":3,"9":2},"unreliable/0":{"7":3,"9":1},"unreliable_ordered/3":{}},
               "ping_ms":{"7":9,"9":12.5}"#,
            r#""side":"client","name":"Ada","id":7,"joined":[1,9],"left":[],
               "sent":{"reliable/1":{"1":3},"unreliable/0":{"1":3,"9":3}},
               "received":{"reliable/1":{"1":4},"unreliable/0":{"9":2},"unreliable_ordered/3":{"1":5}},
               "ping_ms":{"1":8}"#,
            r#""side":"client","name":"Grace","id":9,"joined":[1,7],"left":[7],
               "sent":{"reliable/1":{"1":2},"unreliable/0":{"1":2,"7":2}},
               "received":{"reliable/1":{"1":4},"unreliable/0":{"7":3},"unreliable_ordered/3":{"1":4}},
               "ping_ms":{"1":8}"#,
        ]
        .iter()
        .map(|own| Account::parse(&format!("RESULT {{{own},{common}}}")).expect("well-formed"))
        .collect()
    }

    /// The faults after `change` was made to the account of Grace.
    fn faults_after(change: impl FnOnce(&mut Account)) -> String {
        let mut accounts = good_match();
        change(&mut accounts[2]);
        find_faults(&accounts).join("\n")
    }

    fn set_received(account: &mut Account, lane: &str, peer: i32, count: u64) {
        let by_peer = account.received.entry(lane.to_owned()).or_default();
        by_peer.insert(peer, count);
    }

    #[test]
    fn a_good_match_has_no_faults() {
        assert_eq!(find_faults(&good_match()), Vec::<String>::new());
    }

    #[test]
    fn a_reliable_rpc_has_to_arrive_exactly_once() {
        for count in [3, 5] {
            let faults = faults_after(|grace| set_received(grace, "reliable/1", 1, count));
            assert!(
                faults.contains("Server sent 4 RPCs on reliable/1 to Grace"),
                "{faults}"
            );
        }
    }

    #[test]
    fn an_unreliable_rpc_may_get_lost_but_not_arrive_twice() {
        assert_eq!(
            faults_after(|grace| set_received(grace, "unreliable/0", 7, 1)),
            ""
        );
        let faults = faults_after(|grace| set_received(grace, "unreliable/0", 7, 4));
        assert!(
            faults.contains("Ada sent 3 RPCs on unreliable/0 to Grace"),
            "{faults}"
        );
    }

    #[test]
    fn a_lane_on_which_nothing_arrived_proves_nothing() {
        let mut accounts = good_match();
        for account in &mut accounts {
            account.received.remove("unreliable_ordered/3");
        }
        let faults = find_faults(&accounts).join("\n");
        assert!(
            faults.contains("no RPC arrived on unreliable_ordered/3"),
            "{faults}"
        );
    }

    #[test]
    fn a_mode_that_nobody_used_is_a_fault() {
        let mut accounts = good_match();
        for account in &mut accounts {
            account.sent.remove("unreliable/0");
            account.received.remove("unreliable/0");
        }
        assert!(find_faults(&accounts).contains(&"no RPC was unreliable".to_owned()));
    }

    #[test]
    fn every_side_has_to_see_the_same_scores_and_avatars() {
        let faults = faults_after(|grace| grace.standings[0].score = 2);
        assert!(faults.contains("Grace ends with the scores"), "{faults}");
        let faults = faults_after(|grace| grace.states.get_mut(&7).unwrap().1 = 20);
        assert!(faults.contains("Grace sees the avatars as"), "{faults}");
        let faults = faults_after(|grace| grace.replicated_nodes.truncate(1));
        assert!(faults.contains("Grace saw the nodes"), "{faults}");
    }

    #[test]
    fn everyone_comes_once_and_goes_once_on_every_side() {
        let faults = faults_after(|grace| grace.joined = vec![1, 7, 7]);
        assert!(faults.contains("Grace saw [1, 7, 7] join"), "{faults}");
        let faults = faults_after(|grace| grace.joined = vec![5, 7]);
        assert!(faults.contains("Grace saw [5, 7] join"), "{faults}");
        let faults = faults_after(|grace| grace.left.clear());
        assert!(faults.contains("Grace saw [] leave, not [7]"), "{faults}");
        let mut accounts = good_match();
        accounts[0].left = vec![7];
        let faults = find_faults(&accounts).join("\n");
        assert!(
            faults.contains("the server saw [7, 9] join but [7] leave"),
            "{faults}"
        );
    }

    #[test]
    fn the_server_has_to_see_every_client_come_and_score_it() {
        let mut accounts = good_match();
        accounts[0].joined = vec![7];
        let faults = find_faults(&accounts).join("\n");
        assert!(
            faults.contains("the server saw [7] join, the clients are {7, 9}"),
            "{faults}"
        );
        let mut accounts = good_match();
        for account in &mut accounts {
            account.standings.truncate(1);
        }
        let faults = find_faults(&accounts).join("\n");
        assert!(faults.contains("lists 1 scores for 2 players"), "{faults}");
    }

    #[test]
    fn a_side_that_is_not_content_is_a_fault() {
        assert!(faults_after(|grace| grace.concluded = false).contains("did not see the end"));
        assert!(faults_after(|grace| grace.succeeded = false).contains("reports a failure"));
        assert!(
            faults_after(|grace| grace.disagreements.push("so".to_owned())).contains("told: so")
        );
        assert!(faults_after(|grace| grace.ping_ms.clear()).contains("no round-trip time"));
    }
}
