//! Limits that a host sets for its peers: channels, packet size, bytes that wait for the application.

use super::*;
use crate::{DropCause, Event, Packet, PeerState, Recovery};

#[test]
fn channel_count_is_the_smaller_of_what_was_asked_and_allowed() {
    for (asked, allowed, granted) in [
        (2, 255, 2),
        (10, 3, 3),
        (255, 0, 255),
        (0, 5, 1),
        (1000, 1000, 255),
    ] {
        let pair = Setup::new(1)
            .channels(asked)
            .server(|config| config.channel_limit(allowed))
            .connected();
        for node in [&pair.client, &pair.server] {
            assert_eq!(
                node.host.channel_count(node.peer()),
                granted,
                "asked {asked}, allowed {allowed}"
            );
        }
    }
}

#[test]
fn changed_channel_limit_holds_for_later_connections() {
    let mut net = Setup::new(2).channels(8).net(2);
    net.connect(0, 0);
    net.run_until_idle();
    net.server.host.set_channel_limit(3);
    assert_eq!(net.server.host.channel_limit(), 3);
    net.connect(1, 0);
    net.run_until_idle();
    let counts: Vec<_> = net
        .clients
        .iter()
        .map(|client| client.host.channel_count(client.peer()))
        .collect();
    assert_eq!(counts, [8, 3]);
    net.server.host.set_channel_limit(0);
    assert_eq!(net.server.host.channel_limit(), 255);
}

#[test]
fn message_over_the_receivers_limit_is_never_delivered() {
    let mut pair = Setup::new(3)
        .server(|config| config.maximum_packet_size(10_000))
        .connected();
    pair.client.send(0, Packet::reliable(payload(10_000)));
    pair.run_until_idle();
    assert!(pair.server.received() == [payload(10_000)]);
    pair.client.send(0, Packet::reliable(payload(10_001)));
    pair.run_for(millis(2000));
    assert_eq!(pair.server.received().len(), 1);
    assert_eq!(pair.server.statistics().waiting_data, 0);
}

#[test]
fn data_that_nobody_takes_stops_the_sender_and_resumes_when_taken() {
    const LIMIT: usize = 50_000;
    let mut pair = Setup::new(4)
        .server(|config| config.maximum_waiting_data(LIMIT).manual_release(true))
        .connected();
    // So that the sender does not give up while it is held back.
    pair.client
        .host
        .set_timeout(pair.client.peer(), 1 << 31, 500_000, 500_000);
    let sent: Vec<_> = (0..200).map(|_| payload(1000)).collect();
    for data in &sent {
        pair.client.send(0, Packet::reliable(data.clone()));
    }
    pair.run_for(millis(5000));
    let waiting = pair.server.statistics().waiting_data;
    assert!(
        (LIMIT..LIMIT + 1000).contains(&waiting),
        "{waiting} bytes wait"
    );
    assert!(pair.server.received().len() <= LIMIT / 1000);

    let mut taken = 0;
    for _ in 0..20 {
        let bytes: usize = pair.server.received()[taken..]
            .iter()
            .map(|data| data.len())
            .sum();
        taken = pair.server.received().len();
        let peer = pair.server.peer();
        pair.server.host.release(peer, usize::MAX, bytes);
        pair.run_for(millis(5000));
    }
    assert!(pair.server.received() == sent);
    assert_eq!(pair.server.statistics().waiting_data, 0);
}

#[test]
fn packets_that_wait_for_a_lost_one_never_keep_it_out() {
    const LIMIT: usize = 50_000;
    let mut pair = Setup::new(7)
        .client(|config| config.recovery(Recovery::Vanilla))
        .server(|config| config.maximum_waiting_data(LIMIT).manual_release(true))
        .connected();
    pair.client
        .host
        .set_timeout(pair.client.peer(), 1 << 31, 500_000, 500_000);
    let sent: Vec<_> = (0..200).map(|_| payload(1000)).collect();
    // What follows the lost first packet within the sender's 64 KiB would fill the limit by itself.
    pair.settle();
    pair.link_to_server().drop_next(1);
    for data in &sent {
        pair.client.send(0, Packet::reliable(data.clone()));
    }
    pair.run_for(millis(50));
    assert!(
        pair.server.received().is_empty(),
        "the loss must have happened"
    );
    assert!(pair.server.statistics().waiting_data > LIMIT - 1000);
    let mut taken = 0;
    for _ in 0..40 {
        pair.run_for(millis(5000));
        let packets = pair.server.received().len();
        let peer = pair.server.peer();
        pair.server
            .host
            .release(peer, packets - taken, (packets - taken) * 1000);
        taken = packets;
    }
    assert!(pair.server.received() == sent);
}

#[test]
fn empty_packets_that_nobody_takes_are_refused_too() {
    const LIMIT: usize = 64_000;
    let mut pair = Setup::new(8)
        .server(|config| config.maximum_waiting_data(LIMIT).manual_release(true))
        .connected();
    for _ in 0..2000 {
        pair.client.send(0, Packet::unsequenced(payload(0)));
    }
    pair.run_for(millis(1000));
    let received = pair.server.received().len();
    assert!((900..=LIMIT / 64).contains(&received), "{received}");
    let peer = pair.server.peer();
    pair.server.host.release(peer, usize::MAX, 0);
    pair.client.send(0, Packet::unsequenced(payload(0)));
    pair.run_for(millis(1000));
    assert_eq!(pair.server.received().len(), received + 1);
}

#[test]
fn empty_packets_that_were_handed_out_and_not_taken_are_refused_too() {
    const MOST: usize = 1000;
    let mut pair = Setup::new(15)
        .server(|config| config.maximum_waiting_data(64 * MOST).manual_release(true))
        .connected();
    let peer = pair.server.peer();
    pair.server.host.release(peer, 1, 0); // that it connected
    // In portions, so that each is handed out before the next arrives.
    let send = |pair: &mut Pair| {
        for _ in 0..20 {
            for _ in 0..100 {
                pair.client.send(0, Packet::unsequenced(payload(0)));
            }
            pair.run_for(millis(50));
        }
    };
    send(&mut pair);
    assert_eq!(pair.server.received().len(), MOST);
    pair.server.host.release(peer, 300, 0);
    send(&mut pair);
    assert_eq!(pair.server.received().len(), MOST + 300);
}

#[test]
fn empty_packets_that_wait_for_an_epoch_to_come_are_refused_too() {
    let most = 64_000 / 64;
    let mut pair = Setup::plain(11)
        .server(|config| config.maximum_waiting_data(64_000))
        .connected();
    let from = pair.client.address;
    for number in 1..=2000 {
        let rest = [u16::to_be_bytes(number), [0, 0]].concat();
        let ahead = Raw::untimed(0).command(0x07, number as u8 % 2, 3, &rest);
        pair.inject(from, &ahead.0);
    }
    let refused = pair.server.host.statistics().dropped(DropCause::Memory);
    assert_eq!(refused, 2000 - most);
    // What closes the gap is taken, and what waited for it comes out.
    for (channel_id, number) in [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3)] {
        let next = Raw::timed(0, 1000).reliable(channel_id, number, b"");
        pair.inject(from, &next.0);
    }
    assert_eq!(pair.server.received().len() as u64, 6 + most);
}

#[test]
fn reliable_packets_that_fill_a_limit_do_not_keep_out_the_one_they_wait_for() {
    let mut pair = Setup::plain(12)
        .server(|config| config.maximum_waiting_data(640))
        .connected();
    let from = pair.client.address;
    for number in (1..=20).rev() {
        let packet = Raw::timed(0, 1000).reliable(0, number, b"");
        pair.inject(from, &packet.0);
    }
    // Of 20..=2 ten are kept, then the first comes; the others must be sent again.
    assert_eq!(
        pair.server.host.statistics().dropped(DropCause::Memory),
        19 - 10
    );
    for number in 2..=20 {
        let packet = Raw::timed(0, 1000).reliable(0, number, b"");
        pair.inject(from, &packet.0);
    }
    assert_eq!(pair.server.received().len(), 20);
}

#[test]
fn tiny_reliable_packets_come_through_losses_at_the_default_limits() {
    let mut pair = Setup::new(13)
        .link(|link| link.loss(0.2))
        .channels(2)
        .connected();
    let sent = numbered(20_000);
    for data in &sent {
        pair.client.send(0, Packet::reliable(data.clone()));
    }
    pair.run_until_idle();
    assert!(pair.server.received() == sent);
    let seen = pair.server.host.statistics();
    assert_eq!(seen.dropped(DropCause::Memory), 0);
}

#[test]
fn a_limit_below_the_least_cost_of_a_packet_lets_one_in() {
    let mut pair = Setup::new(14)
        .both(|config| config.maximum_waiting_data(10))
        .connected();
    let sent = numbered(5);
    for data in &sent {
        pair.client.send(0, Packet::reliable(data.clone()));
    }
    pair.run_until_idle();
    assert!(pair.server.received() == sent);
}

#[test]
fn a_peer_that_left_keeps_its_slot_until_its_last_event_is_taken() {
    let mut pair = Setup::new(9)
        .server(|config| config.manual_release(true))
        .connected();
    pair.client.send(0, Packet::reliable(payload(1000)));
    pair.client.host.disconnect_later(pair.client.peer(), 0);
    pair.run_for(millis(1000));
    assert_eq!(pair.server.disconnects().len(), 1);
    assert_eq!(pair.server.host.peer_count(), 1);
    let peer = pair.server.peer();
    pair.server.host.release(peer, 2, 1000);
    assert_eq!(pair.server.host.peer_count(), 1, "the end was not taken");
    pair.server.host.release(peer, 1, 0);
    assert_eq!(pair.server.host.peer_count(), 0);
}

#[test]
fn a_peer_whose_end_is_reported_and_not_taken_has_no_second_end() {
    let mut pair = Setup::new(10)
        .server(|config| config.manual_release(true))
        .connected();
    pair.client.host.disconnect_now(pair.client.peer(), 0);
    pair.run_for(millis(1000));
    let peer = pair.server.peer();
    pair.server.host.throttle_configure(peer, 1000, 2, 2);
    pair.server.host.set_ping_interval(peer, 50);
    pair.run_for(millis(100_000));
    assert_eq!(pair.server.disconnects().len(), 1);
    assert_eq!(pair.server.state(), PeerState::Zombie);
}

#[test]
fn releasing_more_than_waits_counts_as_all() {
    let mut pair = Setup::new(5)
        .server(|config| config.manual_release(true))
        .connected();
    pair.client.send(0, Packet::reliable(payload(1000)));
    pair.run_until_idle();
    assert_eq!(pair.server.statistics().waiting_data, 1000);
    let peer = pair.server.peer();
    pair.server.host.release(peer, usize::MAX, usize::MAX);
    assert_eq!(pair.server.statistics().waiting_data, 0);
}

#[test]
fn events_taken_late_keep_their_order_and_serve_peers_in_turn() {
    let mut net = Setup::new(6).net(3);
    net.connect_all();
    net.server.events.clear();
    for client in &mut net.clients {
        for data in numbered(20) {
            client.send(0, Packet::reliable(data));
        }
    }
    net.run_until_idle();
    let senders: Vec<u16> = net
        .server
        .events
        .iter()
        .map(|event| match event {
            Event::Receive { peer, .. } => peer.slot(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(senders.len(), 60);
    let first_round: std::collections::HashSet<_> = senders[..3].iter().collect();
    assert_eq!(first_round.len(), 3, "{senders:?}");
}
