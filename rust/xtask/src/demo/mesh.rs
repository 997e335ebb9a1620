//! `cargo xtask demo --mesh`: a lobby and the peers of a mesh, each a process of its own, and what each saw.
//!
//! The lobby's process ends once every pair was told of each other: what the peers do after that, they do without it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;

use super::account::Account;
use super::{EXTRA_SECONDS, conclude, find_run_faults, table};
use crate::process::{Group, Launcher, Run};

const PEERS: [&str; 4] = ["Ada", "Grace", "Alan", "Hedy"];
const LOBBY: &str = "Lobby";

/// What one peer says of its time in the mesh. The demo's `mesh_side.gd` writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct PeerAccount {
    name: String,
    id: i32,
    /// Whether the peer itself is content.
    succeeded: bool,
    /// Ids in the order in which they appeared and went.
    joined: Vec<i32>,
    left: Vec<i32>,
    /// Lines of chat, to everybody.
    said: Vec<String>,
    heard: BTreeMap<i32, Vec<String>>,
    moves_sent: BTreeMap<i32, u64>,
    moves_heard: BTreeMap<i32, u64>,
    /// Where each peer ended, itself too, as this one was told.
    places: BTreeMap<i32, String>,
    /// Mean round-trip time to each peer, in milliseconds.
    ping_ms: BTreeMap<i32, f64>,
}

impl PeerAccount {
    fn of(run: &Run) -> Option<Self> {
        run.lines
            .iter()
            .find_map(|line| serde_json::from_str(line.strip_prefix(Account::PREFIX)?).ok())
    }
}

/// Runs the mesh, prints what each peer saw, and fails if they disagree.
pub(super) fn play(launcher: &Launcher, port: u16, seconds: u32) -> Result<()> {
    println!(
        "a mesh of {} peers for {seconds} s, brought together by a lobby on port {port}",
        PEERS.len()
    );
    let port = port.to_string();
    let size = PEERS.len().to_string();
    let seconds_text = seconds.to_string();
    let mut group = Group::new(Duration::from_secs(u64::from(seconds) + EXTRA_SECONDS));
    let lobby = ["--", "--mesh-lobby", "--clients", &size, "--port", &port];
    group.spawn(LOBBY, launcher.command().args(lobby))?;
    for name in PEERS {
        let peer = ["--", "--mesh", "--bots", "1", "--name", name];
        group.spawn(
            name,
            launcher
                .command()
                .args(peer)
                .args(["--port", &port, "--seconds", &seconds_text]),
        )?;
    }
    let runs = group.wait();
    for run in &runs {
        println!(
            "{:>6} ran for {:.1} s",
            run.name,
            run.duration.as_secs_f32()
        );
    }
    let mut faults = find_run_faults(&runs, launcher.allowed_errors);
    let accounts: Vec<PeerAccount> = runs.iter().filter_map(PeerAccount::of).collect();
    if accounts.len() == PEERS.len() {
        println!("\nfrom each other peer: chat lines and moves, received/sent, and the round trip");
        println!("{}", render(&accounts));
        faults.extend(find_faults(&accounts));
    } else {
        faults.push(format!("{} peers gave an account", accounts.len()));
    }
    conclude(&runs, &faults, "mesh")
}

/// What each peer saw of each other one, a row each.
fn render(accounts: &[PeerAccount]) -> String {
    let mut heading = table::cells(["peer", "id", "saw join, in order", "saw leave, in order"]);
    heading.extend(
        accounts
            .iter()
            .map(|account| format!("from {}", account.name)),
    );
    let mut rows = vec![heading];
    for account in accounts {
        let mut row = vec![
            account.name.clone(),
            account.id.to_string(),
            table::ids(&account.joined),
            table::ids(&account.left),
        ];
        row.extend(accounts.iter().map(|other| from_other(account, other)));
        rows.push(row);
    }
    table::align(&rows)
}

/// How many of the lines and moves of `other` have come to `account`, and how far away it was.
fn from_other(account: &PeerAccount, other: &PeerAccount) -> String {
    if account.id == other.id {
        return "-".to_owned();
    }
    format!(
        "{}/{} {}/{} {:.0} ms",
        account.heard.get(&other.id).map_or(0, Vec::len),
        other.said.len(),
        moves(&account.moves_heard, other.id),
        moves(&other.moves_sent, account.id),
        account.ping_ms.get(&other.id).copied().unwrap_or(f64::NAN),
    )
}

fn moves(counts: &BTreeMap<i32, u64>, id: i32) -> u64 {
    counts.get(&id).copied().unwrap_or(0)
}

/// Everything on which the peers disagree, or that a full mesh should have shown and did not.
fn find_faults(accounts: &[PeerAccount]) -> Vec<String> {
    let mut faults = Vec::new();
    for account in accounts {
        let name = &account.name;
        let others: BTreeSet<i32> = accounts
            .iter()
            .map(|other| other.id)
            .filter(|id| *id != account.id)
            .collect();
        if !account.succeeded {
            faults.push(format!("{name} reports a failure"));
        }
        for (what, ids) in [("join", &account.joined), ("leave", &account.left)] {
            if ids.len() != others.len() || !ids.iter().all(|id| others.contains(id)) {
                faults.push(format!("{name} saw {ids:?} {what}, not {others:?}"));
            }
        }
        for sender in accounts.iter().filter(|other| other.id != account.id) {
            check_traffic(sender, account, &mut faults);
        }
        if account.places != accounts[0].places || account.places.len() != accounts.len() {
            faults.push(format!(
                "{name} sees the peers end at {:?}, {} at {:?}",
                account.places, accounts[0].name, accounts[0].places
            ));
        }
    }
    faults
}

/// Each line has arrived once and in order, of the moves no more than were sent, and of both at least one.
fn check_traffic(sender: &PeerAccount, receiver: &PeerAccount, faults: &mut Vec<String>) {
    let (from, to) = (&sender.name, &receiver.name);
    let nothing = Vec::new();
    let heard = receiver.heard.get(&sender.id).unwrap_or(&nothing);
    if sender.said.is_empty() || *heard != sender.said {
        faults.push(format!(
            "{from} said {:?}, {to} heard {heard:?}",
            sender.said
        ));
    }
    let sent = moves(&sender.moves_sent, receiver.id);
    let arrived = moves(&receiver.moves_heard, sender.id);
    if arrived == 0 || arrived > sent {
        faults.push(format!("{from} sent {sent} moves, {to} saw {arrived}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two peers that agree on everything.
    fn pair() -> Vec<PeerAccount> {
        let peer = |id: i32, other: i32| PeerAccount {
            name: format!("P{id}"),
            id,
            succeeded: true,
            joined: vec![other],
            left: vec![other],
            said: vec![format!("I am {id}")],
            heard: BTreeMap::from([(other, vec![format!("I am {other}")])]),
            moves_sent: BTreeMap::from([(other, 9)]),
            moves_heard: BTreeMap::from([(other, 8)]),
            places: BTreeMap::from([(2, "(1, 1)".to_owned()), (3, "(5, 5)".to_owned())]),
            ping_ms: BTreeMap::from([(other, 1.0)]),
        };
        vec![peer(2, 3), peer(3, 2)]
    }

    fn faults_after(change: impl FnOnce(&mut PeerAccount)) -> Vec<String> {
        let mut accounts = pair();
        change(&mut accounts[1]);
        find_faults(&accounts)
    }

    #[test]
    fn peers_that_agree_have_no_faults() {
        assert_eq!(find_faults(&pair()), [""; 0]);
    }

    #[test]
    fn each_kind_of_disagreement_is_found() {
        let one = |change: fn(&mut PeerAccount)| {
            let faults = faults_after(change);
            assert_eq!(faults.len(), 1, "{faults:?}");
        };
        one(|peer| peer.succeeded = false);
        one(|peer| peer.joined.push(2));
        one(|peer| peer.left.clear());
        one(|peer| peer.heard.clear());
        one(|peer| peer.said.push("more".to_owned()));
        one(|peer| peer.moves_heard.clear());
        one(|peer| *peer.moves_heard.entry(2).or_default() = 10);
        one(|peer| *peer.places.entry(2).or_default() = "(9, 9)".to_owned());
    }

    #[test]
    fn an_account_is_read_from_the_line_that_a_peer_prints() {
        let line = r#"RESULT {"name":"Ada","id":2,"succeeded":true,"joined":[3],"left":[3],"said":["hi"],
            "heard":{"3":["ho"]},"moves_sent":{"3":2},"moves_heard":{"3":1},"places":{"2":"(0, 0)"},
            "ping_ms":{"3":1.5}}"#;
        let run = Run {
            name: "Ada".to_owned(),
            lines: vec!["Godot".to_owned(), line.to_owned()],
            exit: crate::process::Exit::Code(0),
            duration: Duration::ZERO,
        };
        let account = PeerAccount::of(&run).unwrap();
        assert_eq!((account.id, account.heard[&3].len()), (2, 1));
    }
}
