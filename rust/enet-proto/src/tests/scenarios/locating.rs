//! Connections begun before it is known where the remote is.

use super::*;
use crate::{ConnectError, DisconnectCause, Host, Packet, PeerId, PeerState, Time};

/// A client that has begun a connection to somewhere.
fn begun(pair: &mut Pair) -> PeerId {
    let peer = pair
        .client
        .host
        .connect_later(2, 7)
        .expect("a slot is free");
    pair.client.last_peer = Some(peer);
    peer
}

#[test]
fn nothing_is_sent_before_the_remote_is_located_d30() {
    let mut pair = Setup::new(81).pair();
    let peer = begun(&mut pair);
    pair.record();
    // Each of these would make another peer send.
    pair.client.host.throttle_configure(peer, 5000, 2, 2);
    pair.client.host.set_ping_interval(peer, 100);
    pair.client.host.ping(peer);
    pair.run_for(millis(100_000));
    assert!(pair.record().is_empty());
    assert_eq!(pair.client.state(), PeerState::Connecting);
    assert_eq!(pair.client.host.channel_count(peer), 2);
    assert_eq!(pair.client.host.address(peer), None);
    assert_eq!(pair.client.events, []);
    let another = pair.client.host.connect_later(1, 0);
    assert_eq!(another, Err(ConnectError::NoFreeSlot(1)));
}

#[test]
fn the_attempt_begins_when_the_remote_is_located_d30() {
    let mut pair = Setup::new(82).pair();
    let peer = begun(&mut pair);
    pair.run_for(millis(60_000));
    pair.client.host.locate(peer, Some(pair.server.address));
    // A second answer is one too many.
    pair.client.host.locate(peer, None);
    assert_eq!(pair.client.host.address(peer), Some(pair.server.address));
    pair.run_until_idle();
    assert_eq!(
        (pair.client.connects(), pair.server.connects()),
        (vec![0], vec![7])
    );
    pair.client.send(0, Packet::reliable("hello"));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [b"hello"]);
}

#[test]
fn timeouts_set_before_the_remote_is_located_hold_for_the_attempt_d30() {
    let mut pair = Setup::new(83).pair();
    let peer = begun(&mut pair);
    pair.client.host.set_timeout(peer, 2, 100, 400);
    pair.link_to_server().set_down(true);
    pair.run_for(millis(10_000));
    pair.client.host.locate(peer, Some(pair.server.address));
    pair.run_for(millis(499));
    assert_eq!(pair.client.disconnects(), []);
    pair.run_for(millis(1));
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
}

#[test]
fn a_remote_that_is_not_found_ends_the_attempt_d30() {
    let mut pair = Setup::new(84).pair();
    let peer = begun(&mut pair);
    pair.record();
    pair.client.host.locate(peer, None);
    pair.run_until_idle();
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Unlocated)]);
    assert_eq!(pair.client.host.peer_count(), 0);
    pair.client.host.locate(peer, Some(pair.server.address));
    pair.run_until_idle();
    assert!(
        pair.record().is_empty(),
        "a peer that is gone is not located"
    );
}

#[test]
fn an_attempt_given_up_before_the_remote_is_located_leaves_nothing_d30() {
    let ends: [fn(&mut Host, PeerId); 4] = [
        |host, peer| host.disconnect(peer, 1),
        |host, peer| host.disconnect_later(peer, 1),
        |host, peer| host.disconnect_now(peer, 1),
        Host::reset,
    ];
    for end in ends {
        let mut pair = Setup::new(85).pair();
        let peer = begun(&mut pair);
        pair.record();
        end(&mut pair.client.host, peer);
        pair.client.host.locate(peer, Some(pair.server.address));
        pair.run_until_idle();
        assert!(pair.record().is_empty());
        assert_eq!(
            (pair.client.host.peer_count(), pair.client.events.len()),
            (0, 0)
        );
    }
}

#[test]
fn no_datagram_reaches_a_peer_that_is_not_located() {
    let mut pair = Setup::new(86).pair();
    begun(&mut pair);
    let nowhere = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let goodbye = Raw::untimed(0).disconnect(false, 1, 0).0;
    pair.client
        .host
        .handle_datagram(Time::from_millis(1), nowhere, &goodbye);
    assert_eq!(pair.client.host.statistics().datagrams_dropped, 1);
    assert_eq!(pair.client.state(), PeerState::Connecting);
}
