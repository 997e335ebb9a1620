//! `bandwidth_throttle_trace`: one run of the bandwidth throttle over four peers with chosen totals and limits.

use serde::Deserialize;

use super::connected::datagram_for;
use super::decode::decode;
use super::network::{Endpoint, Network};
use super::setup::{address, config};
use crate::event::PeerId;
use crate::host::Host;
use crate::packet::{Packet, PacketFlags};
use crate::tests::vectors::load;
use crate::time::Time;
use crate::wire::{Command, CommandHeader};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    elapsed: u64,
    host_out: u32,
    host_in: u32,
    recalculate: u8,
    peers: Vec<Before>,
    after: Vec<After>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Before {
    in_bandwidth: u32,
    out_bandwidth: u32,
    out_data_total: u32,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct After {
    throttle: u32,
    limit: u32,
    out_data_total: u32,
    /// Fields of the BANDWIDTH_LIMIT that was queued, -1 if none was.
    sent_limit_in: i64,
    sent_limit_out: i64,
}

const CLIENTS: [&str; 4] = ["port7301", "port7302", "port7303", "port7304"];
const START: u64 = 100_000;
/// The second tick after the one of the first service: all bandwidths have been told, all totals begin anew.
const QUIET: u64 = START + 5 + 2000;

#[test]
fn all_8_runs_of_the_bandwidth_throttle_give_the_recorded_limits() {
    let cases: Vec<Case> = load("bandwidth_throttle_trace");
    for case in &cases {
        let mut network = four_connected_peers(case);
        let server = &mut network.endpoint("server").host;
        let peers: Vec<PeerId> = server.peers().collect();
        for (peer, before) in peers.iter().zip(&case.peers) {
            set_up(server, *peer, before);
        }
        if case.recalculate == 1 {
            server.set_bandwidth(case.host_in, case.host_out);
        }
        let now = Time::from_millis(QUIET + case.elapsed);
        server.handle_timeout(now);
        let mut after: Vec<After> = peers.iter().map(|peer| look(server, *peer)).collect();
        read_limits(server, now, &mut after);
        assert_eq!(after, case.after, "{case:?}");
    }
    assert_eq!(cases.len(), 8);
}

/// A server with the host values of `case` and four idle peers, right after a tick.
fn four_connected_peers(case: &Case) -> Network {
    let server = Host::new(config(4, true).bandwidth(case.host_in, case.host_out));
    let mut endpoints = vec![Endpoint::new("server", server)];
    for name in CLIENTS {
        let mut client = Host::new(config(1, true));
        client
            .connect(address("server"), 1, 0)
            .expect("its slot is free");
        endpoints.push(Endpoint::new(name, client));
    }
    let mut network = Network::new(endpoints, |_| 0);
    for now in (START + 5..=QUIET).step_by(5) {
        network.serve_all(now);
    }
    assert_eq!(
        network.endpoint("server").host.peers().count(),
        CLIENTS.len()
    );
    network
}

/// Gives the peer its bandwidths and queues packets until its total is the recorded one.
fn set_up(server: &mut Host, peer: PeerId, before: &Before) {
    let limit = Command::BandwidthLimit {
        incoming: before.in_bandwidth,
        outgoing: before.out_bandwidth,
    };
    let header = CommandHeader {
        acknowledge: false,
        ..CommandHeader::CONTROL
    };
    let from = server.address(peer).expect("connected");
    server.handle_datagram(
        Time::from_millis(QUIET),
        from,
        &datagram_for(peer.slot(), QUIET, [(header, limit, &[][..])]),
    );
    let missing = before.out_data_total - server.inspect(peer.slot()).out_data_total;
    let (fixed_part, full) = (8, 8 + 1000);
    let mut lens = vec![1000; (missing / full) as usize];
    match missing % full {
        0 => {}
        rest if rest >= fixed_part => lens.push((rest - fixed_part) as usize),
        rest => *lens.last_mut().expect("totals are large") += rest as usize,
    }
    for len in lens {
        let packet = Packet::new(vec![0; len], PacketFlags::UNSEQUENCED);
        server.send(peer, 0, packet).expect("connected");
    }
    assert_eq!(
        server.inspect(peer.slot()).out_data_total,
        before.out_data_total
    );
}

fn look(server: &Host, peer: PeerId) -> After {
    let peer = server.inspect(peer.slot());
    let (throttle, limit) = (peer.throttle, peer.throttle_limit);
    After {
        throttle,
        limit,
        out_data_total: peer.out_data_total,
        sent_limit_in: -1,
        sent_limit_out: -1,
    }
}

/// Sends everything and enters the BANDWIDTH_LIMITs found in it.
fn read_limits(server: &mut Host, now: Time, after: &mut [After]) {
    let mut buf = Vec::new();
    while let Some(transmit) = server.poll_transmit(now, &mut buf) {
        let client = CLIENTS
            .iter()
            .position(|name| address(name) == transmit.to)
            .expect("one of four");
        for (_, command, _) in decode(&buf, false).expect("our own datagram").commands {
            if let Command::BandwidthLimit { incoming, outgoing } = command {
                (after[client].sent_limit_in, after[client].sent_limit_out) =
                    (incoming.into(), outgoing.into());
            }
        }
    }
}
