//! The end of the library. By itself in this file, since it ends every host of the process.

#[path = "hosts/common.rs"]
mod common;

use std::net::UdpSocket;
use std::time::Instant;

use common::{Pair, Relay, client, server};
use enet_proto::{Packet, PeerState};

#[test]
fn shutdown_closes_the_hosts_that_still_live_and_a_new_one_can_follow() {
    let pair = Pair::connected(true);
    let address = pair.server.local_address().unwrap();
    let far = server(false);
    let leaving = client(true);
    let mut relay = Relay::to(far.local_address().unwrap());
    let goodbye = relay.connect(&far, &leaving);
    relay.kept();
    goodbye.disconnect(1);
    enet_udp::shutdown();

    assert!(!relay.kept().is_empty(), "what was queued has left");
    assert!(!pair.server.is_open() && !pair.client.is_open() && !leaving.is_open());
    assert_eq!(pair.to_server.state(), PeerState::Disconnected);
    assert!(pair.to_client.send(0, Packet::reliable("x")).is_err());
    let start = Instant::now();
    assert!(pair.client.service(common::PATIENCE).is_none());
    assert!(
        start.elapsed() < common::PATIENCE / 2,
        "nobody waits for a closed host"
    );
    assert!(far.is_open(), "the thread did not drive this one");
    drop(UdpSocket::bind(address).unwrap());
    enet_udp::shutdown();

    let next = Pair::connected(true);
    drop(pair);
    assert!(next.server.is_open() && next.to_server.is_active());
    next.server.close();
    next.client.close();
}
