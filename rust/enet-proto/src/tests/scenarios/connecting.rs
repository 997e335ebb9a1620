//! How connections come about, are refused, end unanswered, and share one peer table.

use super::*;
use crate::{ConnectError, DisconnectCause, Event, Packet, PeerState, Reason, SendError};

#[test]
fn both_sides_report_the_connection_and_the_server_the_user_data() {
    let mut pair = Setup::new(1).pair();
    pair.connect(0xDEAD_BEEF);
    assert_eq!(pair.client.state(), PeerState::Connecting);
    pair.run_for(millis(15));
    assert_eq!(pair.client.events, []);
    let server = &pair.server.host;
    assert_eq!((server.statistics().half_open, server.peer_count()), (1, 0));
    pair.run_for(millis(15));
    assert_eq!(
        (pair.client.connects(), pair.server.connects()),
        (vec![0], vec![0xDEAD_BEEF])
    );
    assert_eq!(
        (pair.client.state(), pair.server.state()),
        (PeerState::Connected, PeerState::Connected)
    );
    assert_eq!(
        pair.server.host.address(pair.server.peer()),
        Some(pair.client.address)
    );
}

#[test]
fn handshake_survives_the_loss_of_each_of_its_datagrams() {
    for lost in 0..4 {
        let mut pair = Setup::new(2).pair();
        match lost {
            0 => pair.link_to_server().drop_next(1),
            1 => pair.link_to_client().drop_next(1),
            2 => pair.link_to_client().drop_next(3),
            _ => {}
        }
        pair.connect(5);
        if lost == 3 {
            pair.run_for(millis(15));
            pair.link_to_server().drop_next(1);
        }
        pair.run_until_idle();
        assert_eq!(
            (pair.client.connects(), pair.server.connects()),
            (vec![0], vec![5]),
            "lost {lost}"
        );
        assert!(pair.elapsed() >= millis(500), "the loss must have happened");
        pair.client.send(0, Packet::reliable("on"));
        pair.run_until_idle();
        assert_eq!(pair.server.received(), [b"on"]);
    }
}

#[test]
fn connect_is_sent_at_the_moments_of_the_reference_until_it_gives_up() {
    let mut pair = Setup::new(3).pair();
    pair.link_to_server().set_down(true);
    pair.record();
    pair.connect(1);
    pair.run_for(millis(31_499));
    assert_eq!(pair.client.disconnects(), []);
    pair.run_for(millis(1));
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
    let moments: Vec<u64> = pair
        .record()
        .iter()
        .map(|datagram| datagram.arrival_micros / 1000)
        .collect();
    assert_eq!(moments, [0, 500, 1500, 3500, 7500, 15_500]);
    assert_eq!(pair.client.host.peer_count(), 0);
}

#[test]
fn unanswered_verification_is_forgotten_without_a_word() {
    let mut pair = Setup::new(4).pair();
    pair.link_to_client().set_down(true);
    pair.connect(1);
    pair.run_for(millis(20));
    assert_eq!(pair.server.host.statistics().half_open, 1);
    pair.link_to_server().set_down(true);
    pair.run_for(millis(7000));
    assert_eq!(pair.server.host.statistics().half_open, 0);
    assert_eq!(
        (pair.server.host.peer_count(), pair.server.events.len()),
        (0, 0)
    );
}

#[test]
fn full_table_refuses_on_both_ends() {
    let mut net = Setup::new(5).server(|_| config(2, 9)).net(3);
    net.connect_all();
    assert_eq!(net.server.connects().len(), 2);
    // All three were asked in while there was room; who proves his address last is told that it is gone.
    let told = [(Reason::Full.to_data(), DisconnectCause::Remote)];
    let turned_away = net.clients.iter().filter(|it| it.disconnects() == told);
    assert_eq!(turned_away.count(), 1);

    let full = net.server.host.connect(net.clients[0].address, 1, 0);
    assert_eq!(full, Err(ConnectError::NoFreeSlot(2)));
}

#[test]
fn refused_client_gets_in_when_a_slot_is_freed_in_time() {
    let mut net = Setup::new(6).server(|_| config(1, 9)).net(2);
    net.connect(0, 10);
    net.run_until_idle();
    net.connect(1, 11);
    net.run_for(millis(2000));
    assert_eq!(net.server.connects(), [10]);
    let peer = net.clients[0].peer();
    net.clients[0].host.disconnect(peer, 0);
    net.run_until_idle();
    assert_eq!(net.server.connects(), [10, 11]);
    assert_eq!(net.clients[1].connects(), [0]);
}

#[test]
fn repeated_connect_takes_one_slot_and_one_event() {
    let mut pair = Setup::new(7).link(|link| link.duplication(1.0)).pair();
    pair.connect(3);
    pair.run_for(millis(100));
    assert_eq!(pair.server.host.peer_count(), 1);
    pair.run_until_idle();
    assert_eq!(
        (pair.client.connects(), pair.server.connects()),
        (vec![0], vec![3])
    );
}

#[test]
fn connections_from_one_address_are_limited() {
    let mut net = Setup::new(8)
        .server(|config| config.duplicate_peers(2))
        .net(4);
    net.connect_all();
    assert_eq!(net.server.connects().len(), 2);
}

#[test]
fn two_hosts_can_connect_to_each_other_at_once() {
    let mut pair = Setup::new(9).client(|_| config(2, 1)).pair();
    pair.connect(1);
    let back = pair.server.host.connect(pair.client.address, 2, 2).unwrap();
    pair.run_until_idle();
    assert_eq!(pair.client.connects().len(), 2);
    assert_eq!(pair.server.connects().len(), 2);
    pair.server
        .host
        .send(back, 0, Packet::reliable("back"))
        .unwrap();
    pair.run_until_idle();
    assert_eq!(pair.client.received(), [b"back"]);
}

#[test]
fn slot_serves_a_hundred_connections_in_a_row() {
    let mut pair = Setup::new(10).server(|_| config(1, 1)).pair();
    for round in 0..100_u32 {
        pair.connect(round);
        pair.run_until_idle();
        pair.client
            .send(0, Packet::reliable(round.to_be_bytes().to_vec()));
        pair.run_until_idle();
        let peer = pair.client.peer();
        match round % 3 {
            0 => pair.client.host.disconnect(peer, round),
            1 => pair.client.host.disconnect_now(peer, round),
            _ => pair.server.host.disconnect(pair.server.peer(), round),
        }
        pair.run_until_idle();
        assert_eq!(
            (pair.client.host.peer_count(), pair.server.host.peer_count()),
            (0, 0),
            "round {round}"
        );
    }
    assert_eq!(pair.server.connects(), (0..100).collect::<Vec<_>>());
    assert_eq!(
        numbers(&pair.server.received()),
        (0..100).collect::<Vec<_>>()
    );
    assert_eq!(pair.server.disconnects().len(), 100);
}

#[test]
fn stale_peer_id_never_reaches_the_next_peer_of_the_slot() {
    let mut net = Setup::new(11).server(|_| config(1, 1)).net(2);
    net.connect(0, 10);
    net.run_until_idle();
    let stale = net.server.peer();
    let first = net.clients[0].peer();
    net.clients[0].host.disconnect_now(first, 0);
    net.run_until_idle();
    net.connect(1, 11);
    net.run_until_idle();
    let (host, current) = (&mut net.server.host, net.server.last_peer.unwrap());
    assert_eq!(stale.slot(), current.slot());
    assert_ne!(stale, current);

    let refused = host.send(stale, 0, Packet::reliable("for the first"));
    assert_eq!(
        refused,
        Err(SendError::NotConnected(PeerState::Disconnected))
    );
    assert_eq!(
        (
            host.state(stale),
            host.address(stale),
            host.peer_statistics(stale)
        ),
        (PeerState::Disconnected, None, None)
    );
    assert_eq!(host.channel_count(stale), 0);
    let before = host.peer_statistics(current);
    host.ping(stale);
    host.set_timeout(stale, 1, 1, 1);
    host.set_ping_interval(stale, 1);
    host.throttle_configure(stale, 1, 1, 1);
    host.release(stale, 1, 1);
    host.disconnect(stale, 1);
    host.disconnect_later(stale, 1);
    host.disconnect_now(stale, 1);
    host.reset(stale);
    assert_eq!(
        (host.state(current), host.peer_statistics(current)),
        (PeerState::Connected, before)
    );
    net.run_for(millis(2000));
    assert_eq!(
        (
            net.clients[1].disconnects().len(),
            net.clients[1].received().len()
        ),
        (0, 0)
    );
    assert!(
        !net.server
            .events
            .iter()
            .any(|event| matches!(event, Event::Disconnect { peer, .. } if *peer == current))
    );
}

#[test]
fn nothing_can_be_sent_before_the_connection_is_open() {
    let mut pair = Setup::new(12).pair();
    pair.connect(1);
    let refused = pair
        .client
        .host
        .send(pair.client.peer(), 0, Packet::reliable("early"));
    assert_eq!(refused, Err(SendError::NotConnected(PeerState::Connecting)));
    pair.run_until_idle();
    assert_eq!(
        (pair.client.received().len(), pair.server.received().len()),
        (0, 0)
    );
}

#[test]
fn connect_ids_differ_and_follow_the_seed() {
    let connect_id = |seed| {
        let mut pair = Setup::new(seed).pair();
        pair.record();
        pair.connect(0);
        pair.settle();
        pair.record()[0].data[4 + 40..4 + 44].to_vec()
    };
    assert_eq!(connect_id(1), connect_id(1));
    assert_ne!(connect_id(1), connect_id(2));
}
