//! Windows and delivery order, case by case.

use serde::Deserialize;

use super::connected::{Content, connected, datagram, header};
use super::decode::decode;
use super::network::Network;
use super::records::What;
use super::setup::{address, config};
use crate::packet::Packet;
use crate::tests::vectors::load;
use crate::time::Time;
use crate::wire::{Command, CommandHeader, Fragment};

/// When the tables are tried; any time will do.
const NOW: u64 = 100_000;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WindowCase {
    last_in_order: u16,
    sequence: u16,
    kept: bool,
    delivered: bool,
    acked: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendWindow {
    acked: String,
    commands_sent: usize,
    highest_sequence: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnsequencedCase {
    group: u16,
    delivered: bool,
    window_base: u16,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Order {
    Case { name: String },
    Step(Step),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    command: String,
    reliable: u16,
    second: u16,
    len: u16,
    #[serde(default)]
    count: u32,
    #[serde(default)]
    number: u32,
    #[serde(default)]
    total: u32,
    #[serde(default)]
    offset: u32,
    delivered: Vec<usize>,
    waiting_data: u32,
}

impl Step {
    fn command(&self) -> (CommandHeader, Command) {
        let fragment = Fragment {
            start: self.second,
            len: self.len,
            count: self.count,
            number: self.number,
            total: self.total,
            offset: self.offset,
        };
        let command = match self.command.as_str() {
            "SEND_RELIABLE" => Command::SendReliable { len: self.len },
            "SEND_UNRELIABLE" => Command::SendUnreliable {
                number: self.second,
                len: self.len,
            },
            "SEND_UNSEQUENCED" => Command::SendUnsequenced {
                group: self.second,
                len: self.len,
            },
            "SEND_FRAGMENT" => Command::SendFragment(fragment),
            "SEND_UNRELIABLE_FRAGMENT" => Command::SendUnreliableFragment(fragment),
            other => panic!("no command {other}"),
        };
        (header(0, self.reliable, false), command)
    }
}

/// Injects one datagram into the server, serves it, and returns the lengths of what it delivered.
fn deliver<'a>(
    network: &mut Network,
    commands: impl IntoIterator<Item = Content<'a>>,
) -> Vec<usize> {
    network.inject(NOW, address("client"), "server", datagram(NOW, commands));
    network.serve_one("server", NOW);
    let events = std::mem::take(&mut network.endpoint("server").events);
    let length = |event: super::records::Happened| match event.what {
        What::Receive { len, .. } => len,
        other => panic!("unexpected {other:?}"),
    };
    events.into_iter().map(length).collect()
}

/// The channel and number of every acknowledgement the server sent since the last call.
fn acknowledged(network: &mut Network) -> Vec<(u8, u16)> {
    let mut acknowledged = Vec::new();
    for sent in std::mem::take(&mut network.endpoint("server").sent) {
        for (header, command, _) in decode(&sent.bytes, false)
            .expect("our own datagram")
            .commands
        {
            if let Command::Acknowledge { number, .. } = command {
                acknowledged.push((header.channel_id, number));
            }
        }
    }
    acknowledged
}

/// Brings the channel to where everything up to `last` has been delivered.
fn advance(network: &mut Network, channel_id: u8, last: u16) {
    let commands_in_a_datagram = 680;
    for first in (1..=last).step_by(commands_in_a_datagram) {
        let numbers = first..=last.min(first.saturating_add(679));
        let count = numbers.len();
        let commands = numbers.map(|number| {
            let empty: &[u8] = &[];
            (
                header(channel_id, number, false),
                Command::SendReliable { len: 0 },
                empty,
            )
        });
        assert_eq!(deliver(network, commands), vec![0; count]);
    }
}

fn receive_window(quirks: bool) {
    let mut cases: Vec<WindowCase> = load("receive_window");
    assert_eq!(cases.len(), 360);
    // What is delivered moves the base, so it comes last among the cases of one base. Some are recorded twice.
    cases.sort_by_key(|case| (case.last_in_order, case.delivered, case.sequence));
    cases.dedup();
    let mut network = connected(config(4, quirks), quirks, 9, NOW);
    let mut channel_id = 0;
    let mut channels = 0;
    for (i, case) in cases.iter().enumerate() {
        if i == 0 || cases[i - 1].last_in_order != case.last_in_order {
            channel_id = channels;
            channels += 1;
            advance(&mut network, channel_id, case.last_in_order);
        }
        let waiting = network.endpoint("server").host.inspect(0).waiting_data;
        let command = (
            header(channel_id, case.sequence, true),
            Command::SendReliable { len: 1 },
            &[7][..],
        );
        let delivered = !deliver(&mut network, [command]).is_empty();
        let kept = delivered || network.endpoint("server").host.inspect(0).waiting_data > waiting;
        let acked = acknowledged(&mut network).contains(&(channel_id, case.sequence));
        assert_eq!(
            (kept, delivered, acked),
            (case.kept, case.delivered, case.acked),
            "{case:?}"
        );
    }
    assert_eq!(channels, 9);
}

#[test]
fn receive_window_answers_all_360_cases() {
    receive_window(true);
    receive_window(false);
}

fn send_window(quirks: bool) {
    let mut network = connected(config(4, quirks), quirks, 1, NOW);
    let now = Time::from_millis(NOW);
    let client = network.endpoint("client");
    let peer = client.peer.expect("connected");
    for _ in 0..60_000 {
        client
            .host
            .send(peer, 0, Packet::reliable(""))
            .expect("connected");
    }
    let (mut sent, mut highest, mut acked) = (0, 0, 0);
    let mut buf = Vec::new();
    let records: Vec<SendWindow> = load("send_window");
    assert_eq!(records.len(), 11);
    for record in records {
        let last: u16 = record
            .acked
            .strip_prefix("1..")
            .map_or(0, |last| last.parse().expect("a number"));
        for number in acked + 1..=last {
            let sent_time = now.millis().sent_time();
            let command = (
                header(0, number, false),
                Command::Acknowledge { number, sent_time },
                &[][..],
            );
            client
                .host
                .handle_datagram(now, address("server"), &datagram(NOW, [command]));
        }
        acked = last;
        while client.host.poll_transmit(now, &mut buf).is_some() {
            for (header, command, _) in decode(&buf, false).expect("our own datagram").commands {
                assert_eq!(command, Command::SendReliable { len: 0 });
                sent += 1;
                highest = highest.max(header.number);
            }
        }
        assert_eq!(
            (sent, highest),
            (record.commands_sent, record.highest_sequence),
            "{record:?}"
        );
    }
}

#[test]
fn send_window_stops_and_goes_on_at_all_11_recorded_points() {
    send_window(true);
    send_window(false);
}

fn unsequenced_window(quirks: bool) {
    let cases: Vec<UnsequencedCase> = load("unsequenced_window");
    assert_eq!(cases.len(), 31);
    let mut network = connected(config(4, quirks), quirks, 1, NOW);
    for case in cases {
        let command = (
            header(0, 0, false),
            Command::SendUnsequenced {
                group: case.group,
                len: 1,
            },
            &[7][..],
        );
        let delivered = !deliver(&mut network, [command]).is_empty();
        let start = network.endpoint("server").host.unsequenced_window_start(0);
        assert_eq!(
            (delivered, start),
            (case.delivered, case.window_base),
            "{case:?}"
        );
    }
}

#[test]
fn unsequenced_window_answers_all_31_cases() {
    unsequenced_window(true);
    unsequenced_window(false);
}

/// Returns in how many steps the sum of waiting data was not the recorded one; all else must be equal.
fn unreliable_order(quirks: bool) -> usize {
    let mut waiting_differs = 0;
    let (mut cases, mut steps) = (0, 0);
    let mut name = String::new();
    let mut network = None;
    for record in load("unreliable_order") {
        match record {
            Order::Case { name: next } => {
                cases += 1;
                name = next;
                network = Some(connected(config(4, quirks), quirks, 1, NOW));
            }
            Order::Step(step) => {
                steps += 1;
                let network = network.as_mut().expect("a case comes first");
                let (header, command) = step.command();
                let payload = vec![7; usize::from(step.len)];
                let delivered = deliver(network, [(header, command, payload.as_slice())]);
                assert_eq!(delivered, step.delivered, "{name}: {step:?}");
                let waiting = network.endpoint("server").host.inspect(0).waiting_data;
                waiting_differs += usize::from(waiting != step.waiting_data);
                assert!(
                    waiting <= step.waiting_data,
                    "{name}: {step:?} leaves {waiting} bytes"
                );
            }
        }
    }
    assert_eq!((cases, steps), (13, 56));
    waiting_differs
}

#[test]
fn unreliable_packets_come_in_the_recorded_order_in_all_56_steps() {
    assert_eq!(
        unreliable_order(true),
        0,
        "the library charges dropped packets"
    );
    assert_eq!(
        unreliable_order(false),
        16,
        "steps after which a dropped packet is not charged"
    );
}
