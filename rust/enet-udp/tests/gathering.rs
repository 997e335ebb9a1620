//! When the network thread sends. By itself in this file, since hosts of other tests would wake the thread as well.

#[path = "hosts/common.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, Pair, pump};
use enet_proto::Packet;
use enet_udp::HostEvent;

#[test]
fn packets_of_one_frame_share_a_datagram_and_a_lone_one_leaves_without_a_poll() {
    let pair = Pair::connected(true);
    pair.to_server.set_ping_interval(60_000);
    pair.to_client.set_ping_interval(60_000);
    frame_shares_datagrams(&pair);
    lone_packets_leave(&pair);
}

fn frame_shares_datagrams(pair: &Pair) {
    const PACKETS: u64 = 20;
    let before = pair.server.statistics().datagrams_received;
    for _ in 0..PACKETS {
        pair.to_server
            .send(0, Packet::unreliable(vec![1; 10]))
            .unwrap();
        // Long enough for the thread to wake and send, were it to send at once.
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(100) {
            std::hint::spin_loop();
        }
    }
    pump(&pair.hosts(), |events| events.len() as u64 == PACKETS);
    let datagrams = pair.server.statistics().datagrams_received - before;
    assert!(
        datagrams < PACKETS / 2,
        "{PACKETS} packets took {datagrams} datagrams"
    );
}

fn lone_packets_leave(pair: &Pair) {
    let start = Instant::now();
    for _ in 0..20 {
        // Unreliable, so that no answer and no timer of an earlier one wakes the thread for this host.
        pair.to_server.send(0, Packet::unreliable("soon")).unwrap();
        let event = pair.server.service(PATIENCE);
        assert!(
            matches!(event, Some(HostEvent::Receive { .. })),
            "{event:?}"
        );
    }
    // Without a wake-up each would wait for the bandwidth tick, up to a second away.
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}
