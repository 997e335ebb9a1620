//! What a connected peer may send per second, in datagrams and in bytes.

use super::super::pair::Net;
use super::*;
use crate::{DropCause, Event, Limits, Packet, PeerState};

#[test]
fn a_peer_over_its_rate_is_dropped_and_counted() {
    let limits = Limits {
        datagrams_per_peer: 100,
        ..Limits::default()
    };
    let mut pair = Setup::new(11)
        .server(|config| config.limits(limits))
        .connected();
    for _ in 0..500 {
        pair.client.send(0, Packet::unsequenced("x"));
        pair.settle();
    }
    pair.run_for(millis(50));
    let received = pair.server.received().len();
    assert!((90..=110).contains(&received), "{received}");
    assert!(pair.server.host.statistics().dropped(DropCause::PeerRate) >= 390);
    pair.run_for(millis(2000));
    assert_eq!(pair.server.state(), PeerState::Connected);
}

#[test]
fn a_peer_that_may_send_few_bytes_is_slow_and_not_mute() {
    let limits = Limits {
        bytes_per_peer: 100,
        ..Limits::default()
    };
    let mut pair = Setup::new(12)
        .server(|config| config.limits(limits))
        .connected();
    pair.client.send(0, Packet::reliable(payload(1200)));
    pair.run_for(millis(60_000));
    assert_eq!(pair.server.received().len(), 1);
}

#[test]
fn a_peer_that_sends_more_bytes_than_it_may_loses_the_rest_and_its_neighbour_nothing() {
    // Ten datagrams of 1000 bytes a second, and a little for pings.
    let limits = Limits {
        bytes_per_peer: 10_500,
        ..Limits::default()
    };
    let mut net = Setup::plain(13)
        .server(|config| config.limits(limits))
        .net(2);
    net.connect_all();
    net.run_for(millis(1000));
    let send = |net: &mut Net, client: u16, numbers: std::ops::RangeInclusive<u16>| {
        let (now, from) = (net.now(), net.clients[usize::from(client)].address);
        for number in numbers {
            let packet = Raw::timed(client, 1000).reliable(0, number, &payload(990));
            net.server.host.handle_datagram(now, from, &packet.0);
        }
        net.run_for(millis(0));
    };
    let received = |net: &Net, client: u16| {
        let of_client =
            |event: &&Event| matches!(event, Event::Receive { peer, .. } if peer.slot() == client);
        net.server.events.iter().filter(of_client).count()
    };
    let dropped = |net: &Net| net.server.host.statistics().dropped(DropCause::PeerRate);
    send(&mut net, 0, 1..=30);
    send(&mut net, 1, 1..=10);
    assert_eq!((received(&net, 0), received(&net, 1)), (10, 10));
    assert_eq!(dropped(&net), 20);
    net.run_for(millis(1000));
    send(&mut net, 0, 11..=30);
    assert_eq!((received(&net, 0), received(&net, 1)), (20, 10));
    assert_eq!(dropped(&net), 30);
}
