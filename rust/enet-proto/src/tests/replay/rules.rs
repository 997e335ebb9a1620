//! `receive_rules`: crafted datagrams against a server with one connected client, and what it makes of them.

use super::connected::{SETTLING, connected};
use super::network::Network;
use super::records::{Datagram, Happened, Record, State, What};
use super::report::compare_state;
use super::setup::{address, config};
use crate::tests::vectors::{bytes, hex, load};

/// The reaction to one case that was recorded.
#[derive(Debug)]
struct Case {
    name: String,
    records: Vec<Record>,
}

/// In what the engine's reaction differs from the recorded one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Differences {
    /// Recorded, not done.
    missing: Vec<String>,
    /// Done, not recorded.
    extra: Vec<String>,
    /// Fields of state records.
    fields: Vec<String>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for record in load("receive_rules") {
        if let Record::Note { text, .. } = record {
            let name = text
                .strip_prefix("case: ")
                .expect("every note opens a case")
                .to_owned();
            cases.push(Case {
                name,
                records: Vec::new(),
            });
        } else {
            cases
                .last_mut()
                .expect("the file begins with a note")
                .records
                .push(record);
        }
    }
    cases
}

/// Runs a case on fresh hosts and compares datagrams, events and states.
fn run(case: &Case, quirks: bool) -> Differences {
    let mut server = config(4, quirks);
    if case.name == "duplicate peer limit 1" {
        server = server.duplicate_peers(1);
    }
    let mut clock = case.records[0].t();
    let mut network = connected(server, quirks, 2, clock);
    let mut differences = Differences::default();
    let (mut datagrams, mut events) = (Vec::new(), Vec::new());
    for record in &case.records {
        serve_until(&mut network, &mut clock, record.t());
        match record {
            Record::Inject(Datagram {
                t, from, to, hex, ..
            }) => network.inject(*t, address(from), to, bytes(hex)),
            Record::State(state) => differences.fields.extend(look(&mut network, state)),
            Record::Datagram(datagram) => datagrams.push(datagram.clone()),
            Record::Event(event) => events.push(event.clone()),
            Record::Call(_) | Record::Note { .. } => panic!("{}: unexpected {record:?}", case.name),
        }
    }
    let reaction = 10;
    let last_injection = case
        .records
        .iter()
        .rev()
        .find(|record| matches!(record, Record::Inject(_)));
    let end = last_injection.expect("every case injects").t() + reaction;
    serve_until(&mut network, &mut clock, end);
    if case.name.starts_with("half-open life") {
        // Of this long case only datagrams were recorded. Meanwhile the frozen client is given up.
        let given_up = What::Disconnect { peer: 0, data: 0 };
        let server = network.endpoint("server");
        assert_eq!(
            server
                .events
                .drain(..)
                .map(|event| event.what)
                .collect::<Vec<_>>(),
            [given_up]
        );
    }
    compare(&mut differences, &datagrams, &events, &mut network);
    differences
}

/// Serves the server alone; the client is frozen.
fn serve_until(network: &mut Network, clock: &mut u64, t: u64) {
    while *clock < t {
        *clock += 5;
        network.serve_one("server", *clock);
    }
}

fn look(network: &mut Network, state: &State) -> Vec<String> {
    let ours = network.endpoint("server").host.inspect(state.slot());
    compare_state(&ours, state)
        .map(|difference| difference.fields)
        .unwrap_or_default()
}

fn compare(
    differences: &mut Differences,
    datagrams: &[Datagram],
    events: &[Happened],
    network: &mut Network,
) {
    let server = network.endpoint("server");
    let recorded = datagrams.iter().map(|datagram| {
        let Datagram { t, to, hex, .. } = datagram;
        format!("t={t} to {} {hex}", address(to))
    });
    let ours = server
        .sent
        .iter()
        .map(|sent| format!("t={} to {} {}", sent.t, sent.to, hex(&sent.bytes)));
    differences.split(recorded.collect(), ours.collect());
    let recorded = events.iter().map(|event| format!("{event:?}"));
    let ours = server.events.iter().map(|event| format!("{event:?}"));
    differences.split(recorded.collect(), ours.collect());
}

impl Differences {
    /// Notes where two sequences differ: what only one has, or all of both if only the order does.
    fn split(&mut self, recorded: Vec<String>, ours: Vec<String>) {
        if recorded == ours {
            return;
        }
        let (mut missing, mut extra) = (recorded.clone(), ours.clone());
        missing.retain(|item| !ours.contains(item));
        extra.retain(|item| !recorded.contains(item));
        if missing.is_empty() && extra.is_empty() {
            (missing, extra) = (recorded, ours);
        }
        self.missing.extend(missing);
        self.extra.extend(extra);
    }
}

#[test]
fn all_58_cases_are_answered_as_recorded_with_the_librarys_quirks() {
    let cases = cases();
    let (mut injected, mut datagrams, mut events, mut states) = (0, 0, 0, 0);
    let mut failures = String::new();
    for case in &cases {
        for record in &case.records {
            match record {
                Record::Inject(_) => injected += 1,
                Record::Datagram(_) => datagrams += 1,
                Record::Event(_) => events += 1,
                Record::State(_) => states += 1,
                Record::Call(_) | Record::Note { .. } => {}
            }
        }
        let differences = run(case, true);
        if differences != Differences::default() {
            failures += &format!("\n{}: {differences:#?}", case.name);
        }
    }
    println!(
        "{} cases, {injected} injected: {datagrams} datagrams, {events} events, {states} states",
        cases.len()
    );
    assert!(failures.is_empty(), "{failures}");
    assert_eq!((cases.len(), injected, datagrams, states), (58, 70, 48, 8));
}

/// What a half-open peer of the library shows and a free slot does not.
const NO_PEER: &str = "channels connectID incomingSession lastSendTime nextTimeout outDataTotal outgoingPeerID \
                       outgoingSession packetLossEpoch packetsSent state";
/// The same where the terms are not the usual ones.
const NO_PEER_BUT_TERMS: &str = "channels connectID inBandwidth incomingSession lastSendTime mtu nextTimeout \
                                 outBandwidth outDataTotal outgoingPeerID outgoingSession packetLossEpoch \
                                 packetsSent state window";

#[test]
fn without_quirks_exactly_12_of_58_cases_are_answered_more_safely() {
    let mut differing = Vec::new();
    for case in cases() {
        let differences = run(&case, false);
        let Differences {
            missing,
            extra,
            fields,
        } = &differences;
        let counts = (missing.len(), extra.len(), fields.join(" "));
        let expected = match case.name.as_str() {
            // An acknowledgement that matches nothing changes nothing.
            "ACK for nothing" => (
                0,
                0,
                "highestRttVar lastReceiveTime rtt rttVar throttle".to_owned(),
            ),
            // The injected number 3 is older than the last one of that client, so nothing happens.
            "DISCONNECT without ack flag" => (1, 0, String::new()),
            "DISCONNECT with ack flag, then again" => (2, 0, String::new()),
            "DISCONNECT wipes acks and undelivered packets of the same datagram" => {
                (2, 2, String::new())
            }
            // Senders put up to 32 commands into a datagram; control commands further ahead are not taken yet.
            "40 pings" => (2, 1, String::new()),
            // Who is not proven has no slot.
            "CONNECT mtu 100, window 0, bandwidths" => (0, 0, NO_PEER_BUT_TERMS.to_owned()),
            "CONNECT mtu 9000" => (0, 0, NO_PEER.to_owned()),
            // A copy is answered, and nothing else is.
            "CONNECT repeated with the same connect id" => (0, 1, String::new()),
            "half-open life: every datagram one spoofed CONNECT causes" => (5, 0, String::new()),
            // The guessed echo is not the sent time, so there is no connect event.
            "blind handshake: CONNECT then a guessed ACK, never reading the reply" => {
                (1, 0, String::new())
            }
            // What is dropped is no longer charged.
            "two incomplete unreliable fragments then a newer packet" => {
                (0, 0, "waitingData".to_owned())
            }
            // The walk ends at the bad fragment, so the PING behind it is not acknowledged.
            "unreliable fragment length 0, total below count" => {
                (1, 0, "lastSendTime outDataTotal waitingData".to_owned())
            }
            _ => (0, 0, String::new()),
        };
        assert_eq!(counts, expected, "{}: {differences:#?}", case.name);
        if counts != (0, 0, String::new()) {
            differing.push(case.name);
        }
    }
    assert_eq!(differing.len(), 12, "{differing:?}");
}

#[test]
fn every_case_begins_with_its_injection_after_the_settling_time() {
    let cases = cases();
    for pair in cases.windows(2) {
        let (before, after) = (&pair[0].records, &pair[1].records);
        assert!(matches!(after[0], Record::Inject(_)));
        let gap = after[0].t() - before[before.len() - 1].t();
        assert!(gap >= SETTLING, "{}: hosts are made anew", pair[1].name);
    }
}
