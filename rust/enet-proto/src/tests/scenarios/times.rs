//! The times that peers of a host begin with, and a host that is suspended.

use super::*;
use crate::{DisconnectCause, Packet, PeerState, PeerTimes, Reason, Recovery};

const BOTH: [Recovery; 2] = [Recovery::Fast, Recovery::Vanilla];

fn attempt_of(limit: u64) -> PeerTimes {
    PeerTimes {
        connect_timeout: Some(millis(limit)),
        ..PeerTimes::default()
    }
}

#[test]
fn an_attempt_ends_after_the_connect_timeout_however_short_or_long() {
    for (recovery, limit) in [(BOTH[0], 50), (BOTH[1], 50), (BOTH[0], 20_000)] {
        let setup = Setup::new(91).client(|it| it.recovery(recovery).peer_times(attempt_of(limit)));
        let mut pair = setup.pair();
        pair.link_to_server().set_down(true);
        pair.connect(1);
        pair.run_for(millis(limit - 1));
        assert_eq!(pair.client.disconnects(), [], "{recovery:?}");
        pair.run_for(millis(1));
        assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
        assert_eq!(pair.client.host.peer_count(), 0);
    }
}

#[test]
fn the_connect_timeout_holds_for_a_remote_that_is_never_located() {
    let mut pair = Setup::new(92)
        .client(|it| it.peer_times(attempt_of(700)))
        .pair();
    pair.client
        .host
        .connect_later(1, 0)
        .expect("a slot is free");
    pair.run_for(millis(699));
    assert_eq!(pair.client.disconnects(), []);
    pair.run_for(millis(1));
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
}

#[test]
fn the_connect_timeout_ends_no_connection() {
    let mut pair = Setup::new(93)
        .both(|it| it.peer_times(attempt_of(100)))
        .pair();
    pair.connect(1);
    pair.run_for(millis(5000));
    assert_eq!(pair.client.state(), PeerState::Connected);
    assert_eq!(pair.server.state(), PeerState::Connected);
}

#[test]
fn peers_of_both_roles_begin_with_the_timeouts_of_their_host() {
    let times = PeerTimes {
        timeout_limit: 2,
        timeout_minimum: 200,
        timeout_maximum: 900,
        ..PeerTimes::default()
    };
    for recovery in BOTH {
        let mut pair = Setup::new(94)
            .both(|it| it.recovery(recovery).peer_times(times))
            .pair();
        pair.connect(1);
        pair.run_for(millis(100));
        pair.link_to_server().set_down(true);
        pair.link_to_client().set_down(true);
        pair.client.send(0, Packet::reliable("lost"));
        pair.server.send(0, Packet::reliable("lost"));
        pair.run_for(millis(3000));
        for node in [&pair.client, &pair.server] {
            assert_eq!(node.disconnects(), [(0, DisconnectCause::Timeout)]);
        }
    }
}

#[test]
fn peers_begin_with_the_ping_interval_of_their_host() {
    let times = PeerTimes {
        ping_interval: 100,
        ..PeerTimes::default()
    };
    let mut pair = Setup::new(95).client(|it| it.peer_times(times)).pair();
    pair.connect(1);
    pair.run_for(millis(1000));
    pair.record();
    pair.run_for(millis(1000));
    let client = pair.client.address;
    let sent = pair.record();
    let pings = sent.iter().filter(|datagram| datagram.from == client);
    assert!(pings.count() >= 8, "one each 100 ms and a round trip");
}

#[test]
fn times_changed_on_a_host_hold_for_later_peers() {
    let mut pair = Setup::new(96).pair();
    pair.client.host.set_peer_times(attempt_of(50));
    pair.link_to_server().set_down(true);
    pair.connect(1);
    pair.run_for(millis(50));
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
}

#[test]
fn a_suspended_host_parts_from_all_and_lets_nobody_in_until_it_is_resumed() {
    let stalled = Reason::Stalled.to_data();
    let mut net = Setup::new(97).net(3);
    net.connect(0, 10);
    net.connect(1, 11);
    net.run_until_idle();
    net.server.host.suspend(stalled);
    net.run_until_idle();
    for client in &net.clients[..2] {
        assert_eq!(client.disconnects(), [(stalled, DisconnectCause::Remote)]);
    }
    assert_eq!(
        net.server.disconnects(),
        [(0, DisconnectCause::Local), (0, DisconnectCause::Local)]
    );
    net.connect(2, 12);
    net.run_until_idle();
    let refused = [(stalled, DisconnectCause::Refused)];
    assert_eq!(net.clients[2].disconnects(), refused);
    net.server.host.resume();
    net.connect(0, 13);
    net.run_until_idle();
    assert_eq!(net.server.connects(), [10, 11, 13]);
}
