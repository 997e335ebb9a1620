//! What all peers together may have waiting, and limits that change while a host runs.

use std::net::SocketAddr;

use enet_netsim::LinkConfig;

use super::super::pair::Net;
use super::strangers::{START, acknowledgement, address, answers, connect, connects};
use super::*;
use crate::{DropCause, Event, Host, HostConfig, Limits, Packet, PeerId};

const MEMORY: usize = 100_000;

/// A server for just these, who may have 100,000 bytes waiting, and nobody takes anything.
fn crowd(clients: u16) -> Net {
    let limits = Limits {
        memory: MEMORY,
        ..Limits::default()
    };
    let mut net = Setup::new(501)
        .server(|_| {
            config(clients.into(), 9)
                .limits(limits)
                .manual_release(true)
        })
        .net(clients);
    for client in 0..clients {
        net.connect(client.into(), client.into());
        net.run_for(millis(100));
        // So that nobody gives up while he is held back.
        let client = &mut net.clients[usize::from(client)];
        let server = client.peer();
        client.host.set_timeout(server, 1 << 31, 500_000, 500_000);
    }
    let peers: Vec<PeerId> = net.server.host.peers().collect();
    for peer in peers {
        net.server.host.release(peer, 1, 0);
    }
    net
}

fn send(net: &mut Net, client: usize, packets: usize) {
    for _ in 0..packets {
        net.clients[client].send(0, Packet::reliable(payload(1000)));
    }
    net.run_for(millis(2000));
}

fn waiting(net: &Net) -> usize {
    usize::try_from(net.server.host.statistics().waiting_data).expect("small")
}

#[test]
fn who_fills_the_memory_of_a_host_leaves_the_others_their_share() {
    let mut net = crowd(4);
    send(&mut net, 0, 300);
    assert!((MEMORY..MEMORY + 4096).contains(&waiting(&net)));
    let dropped = net.server.host.statistics().dropped(DropCause::Memory);
    assert!(dropped > 0);
    // A quarter of it each.
    for client in 1..4 {
        let before = waiting(&net);
        send(&mut net, client, 20);
        assert_eq!(waiting(&net) - before, 20_000, "client {client}");
        send(&mut net, client, 100);
        let share = waiting(&net) - before;
        assert!(
            (25_000..30_000).contains(&share),
            "client {client}: {share}"
        );
    }
    assert!(waiting(&net) <= 2 * MEMORY);
}

/// Peers of a server for 64 of whom nobody takes anything, and what they hold in the end.
fn newcomers(config: HostConfig, mut fill: impl FnMut(&mut Net, usize)) -> usize {
    let mut net = Setup::plain(505)
        .channels(60)
        .server(|_| config.clone())
        .net(64);
    for client in 0..64 {
        net.connect(client, 0);
        net.run_for(millis(100));
        fill(&mut net, client);
    }
    waiting(&net)
}

#[test]
fn peers_who_join_one_after_the_other_hold_twice_the_memory_at_most() {
    let limits = Limits {
        memory: MEMORY,
        ..Limits::default()
    };
    let config = config(64, 9)
        .limits(limits)
        .manual_release(true)
        .maximum_packet_size(2000);
    let held = newcomers(config, |net, client| {
        for _ in 0..120 {
            net.clients[client].send(0, Packet::reliable(payload(1000)));
        }
        net.run_for(millis(2000));
    });
    assert!(
        (MEMORY..=2 * MEMORY + 2 * 2000).contains(&held),
        "{held} bytes"
    );
}

#[test]
fn messages_that_all_peers_begin_hold_twice_the_memory_and_two_of_them_at_most() {
    const LARGEST: usize = 50_000;
    let limits = Limits {
        memory: MEMORY,
        ..Limits::default()
    };
    let config = config(64, 9).limits(limits).maximum_packet_size(LARGEST);
    let held = newcomers(config, |net, client| {
        let fragment = Fragment::first_of_two(LARGEST);
        // One datagram begins a message on each of 60 channels.
        let begun = (0..60).fold(Raw::timed(client as u16, 1000), |raw, channel_id| {
            raw.fragment(0x88, channel_id, 1, fragment, &[1; 10])
        });
        let (now, from) = (net.now(), net.clients[client].address);
        net.server.host.handle_datagram(now, from, &begun.0);
    });
    assert!(
        (MEMORY..=2 * MEMORY + 2 * LARGEST).contains(&held),
        "{held} bytes"
    );
}

#[test]
fn where_memory_is_short_all_that_is_reliable_comes_through() {
    let limits = Limits {
        memory: 20_000,
        ..Limits::default()
    };
    let config = config(64, 9)
        .limits(limits)
        .maximum_packet_size(15_000)
        .maximum_waiting_data(30_000);
    let mut net = Setup::new(506)
        .link(|link| link.loss(0.1))
        .server(|_| config.clone())
        .net(8);
    net.connect_all();
    for client in &mut net.clients {
        let server = client.peer();
        client.host.set_timeout(server, 1 << 31, 500_000, 500_000);
        for channel_id in 0..2 {
            for len in [15_000, 10, 1000, 15_000, 3000, 10] {
                client.send(channel_id, Packet::reliable(payload(len)));
            }
        }
    }
    net.run_until_idle();
    assert_eq!(net.server.received().len(), 8 * 2 * 6);
    let seen = net.server.host.statistics();
    assert!(seen.dropped(DropCause::Memory) > 0, "it was short");
    assert_eq!(seen.waiting_data, 0);
}

#[test]
fn a_receiver_without_room_for_what_a_transfer_sends_ahead_is_served() {
    for channel_count in [1, 4, 8] {
        let link = |link: LinkConfig| {
            link.delay(millis(20))
                .jitter(millis(1))
                .rate_limit(5_000_000, 131_072)
        };
        let mut pair = Setup::new(511)
            .link(link)
            .channels(8)
            .server(|config| config.maximum_waiting_data(262_144))
            .connected();
        for packet in 0..200 {
            let channel_id = packet % channel_count;
            pair.client
                .send(channel_id, Packet::reliable(payload(60_000)));
        }
        pair.run_until_idle();
        assert_eq!(pair.client.disconnects(), [], "{channel_count} channels");
        assert_eq!(
            pair.server.received().len(),
            200,
            "{channel_count} channels"
        );
        let dropped = pair.server.host.statistics().dropped(DropCause::Memory);
        assert!(dropped > 0, "there was room");
    }
}

#[test]
fn a_newcomer_to_a_host_whose_memory_others_hold_for_good_is_heard_within_his_share() {
    const LARGEST: usize = 100_000;
    let limits = Limits {
        memory: 10 * MEMORY,
        ..Limits::default()
    };
    let config = config(64, 9).limits(limits).maximum_packet_size(LARGEST);
    let mut net = Setup::plain(512)
        .link(|link| link.delay(millis(20)).jitter(millis(5)).loss(0.02))
        .server(|_| config.clone())
        .net(15);
    for client in 0..15 {
        net.connect(client, 0);
        net.run_for(millis(2000));
        // All but the last begin a message and do not go on with it.
        if client < 14 {
            let fragment = Fragment::first_of_two(LARGEST);
            let begun = Raw::timed(client as u16, 1000).fragment(0x88, 0, 1, fragment, &[1; 10]);
            let (now, from) = (net.now(), net.clients[client].address);
            net.server.host.handle_datagram(now, from, &begun.0);
        }
    }
    net.server.events.clear();
    assert!(waiting(&net) > 10 * MEMORY + LARGEST, "{}", waiting(&net));
    for _ in 0..200 {
        net.clients[14].send(0, Packet::reliable(payload(6000)));
    }
    net.run_for(millis(60_000));
    assert_eq!(net.clients[14].disconnects(), []);
    assert_eq!(net.server.received().len(), 200);
}

#[test]
fn large_messages_on_more_channels_than_their_receiver_holds_come_through() {
    const MIB: usize = 1 << 20;
    // It holds 16 MiB of what is next in line.
    let mut pair = Setup::new(508)
        .channels(3)
        .server(|config| {
            config
                .maximum_packet_size(8 * MIB)
                .maximum_waiting_data(8 * MIB)
        })
        .connected();
    for channel_id in 0..3 {
        pair.client
            .send(channel_id, Packet::reliable(payload(6 * MIB)));
    }
    pair.run_until_idle();
    assert_eq!(pair.client.disconnects(), []);
    assert_eq!(pair.server.received().len(), 3);
}

#[test]
fn messages_on_all_channels_that_are_more_than_enet_holds_come_through() {
    // ENet takes what begins until 32 MiB have begun.
    let mut pair = Setup::new(510)
        .channels(255)
        .server(|config| config.vanilla_quirks(true))
        .connected();
    for channel_id in 0..255 {
        pair.client
            .send(channel_id, Packet::reliable(payload(200_000)));
    }
    let mut received = 0;
    for _ in 0..1000 {
        pair.run_for(millis(10));
        let lens = std::mem::take(&mut pair.server.events);
        let lens = lens.into_iter().filter_map(|event| match event {
            Event::Receive { packet, .. } => Some(packet.len()),
            _ => None,
        });
        let (count, bytes) = lens.fold((0, 0), |(count, sum), len| (count + 1, sum + len));
        pair.server.host.release(pair.server.peer(), count, bytes);
        received += count;
    }
    assert_eq!(pair.client.disconnects(), []);
    assert_eq!(received, 255);
}

#[test]
fn a_message_that_needs_all_the_room_does_not_wait_for_ever_behind_smaller_ones() {
    let mut pair = Setup::new(509).connected();
    let mut sent = 0;
    for step in 0.. {
        let done = |channel_id| {
            let packets = pair.server.packets();
            packets.filter(|(id, _)| *id == channel_id).count()
        };
        if done(0) == 1 {
            break;
        }
        assert!(step < 1000, "{} of the others meanwhile", done(1));
        // There are always some on the other channel, of which one begins before the one before is done.
        let wanted = done(1) + 3;
        for _ in sent..wanted {
            pair.client.send(1, Packet::reliable(payload(400_000)));
        }
        sent = wanted;
        if step == 1 {
            pair.client.send(0, Packet::reliable(payload(20_000_000)));
        }
        pair.run_for(millis(5));
    }
    pair.run_until_idle();
    assert_eq!(pair.server.received().len(), sent + 1);
}

#[test]
fn what_rides_behind_a_packet_without_room_is_taken_and_only_that_is_acknowledged() {
    let mut pair = Setup::plain(507)
        .server(|config| config.maximum_waiting_data(1000))
        .connected();
    let from = pair.client.address;
    let ahead = Raw::timed(0, 1000).reliable(0, 2, &[2; 900]);
    pair.inject(from, &ahead.0);
    pair.record();
    let both = Raw::timed(0, 1000)
        .reliable(1, 2, &[3; 500])
        .reliable(0, 1, b"first");
    pair.inject(from, &both.0);
    assert_eq!(pair.server.received(), [&b"first"[..], &[2; 900]]);
    let seen = pair.server.host.statistics();
    assert_eq!(seen.dropped(DropCause::Memory), 1);
    assert_eq!(seen.datagrams_aborted, 0);
    // One acknowledgement: of number 1 on channel 0.
    let answers = pair.record();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].data.len(), 2 + 8);
    assert_eq!(answers[0].data[2..6], [0x01, 0, 0, 1]);
    pair.inject(from, &both.0);
    assert_eq!(pair.server.received().len(), 2);
    pair.inject(from, &Raw::timed(0, 1000).reliable(1, 1, b"x").0);
    assert_eq!(
        pair.server.received().len(),
        4,
        "it comes again and has room"
    );
}

#[test]
fn what_is_taken_or_goes_with_its_peer_counts_no_more() {
    let mut net = crowd(3);
    for client in 0..3 {
        send(&mut net, client, 10);
    }
    assert_eq!(waiting(&net), 30_000);
    let peers: Vec<PeerId> = net.server.host.peers().collect();
    net.server.host.release(peers[0], 4, 4000);
    assert_eq!(waiting(&net), 26_000);
    net.server.host.disconnect_now(peers[1], 0);
    assert_eq!(waiting(&net), 16_000);
    net.server.host.disconnect(peers[2], 0);
    net.run_until_idle();
    assert_eq!(
        waiting(&net),
        16_000,
        "what was handed out is the application's to release"
    );
    net.server.host.reset(peers[0]);
    net.server.host.release(peers[2], 11, 10_000);
    assert_eq!(waiting(&net), 0);
}

#[test]
fn a_memory_without_limit_and_one_that_grows_take_everything() {
    let mut net = crowd(1);
    send(&mut net, 0, 300);
    assert!(waiting(&net) < MEMORY + 4096);
    let limits = Limits {
        memory: 0,
        ..net.server.host.limits()
    };
    net.server.host.set_limits(net.now(), limits);
    net.run_for(millis(4000));
    assert_eq!(waiting(&net), 300_000);
}

#[test]
fn changed_limits_hold_for_connections_that_there_are() {
    let mut pair = Setup::plain(502).connected();
    pair.run_for(millis(1)); // so that nothing of a rate is used up
    let from = pair.client.address;
    let limits = Limits {
        datagrams_per_peer: 5,
        ..Limits::default()
    };
    pair.server.host.set_limits(pair.now(), limits);
    assert_eq!(pair.server.host.limits(), limits);
    let dropped = |pair: &Pair| pair.server.host.statistics().dropped(DropCause::PeerRate);
    for number in 1..=9 {
        let packet = Raw::timed(0, 1000).reliable(0, number, b"x");
        pair.inject(from, &packet.0);
    }
    assert_eq!(dropped(&pair), 4);
    // A change of others gives nobody a new burst.
    let others = Limits {
        log_lines: 5,
        ..limits
    };
    pair.server.host.set_limits(pair.now(), others);
    let packet = Raw::timed(0, 1000).reliable(0, 10, b"x");
    pair.inject(from, &packet.0);
    assert_eq!(dropped(&pair), 5);
}

#[test]
fn a_change_of_one_limit_gives_back_nothing_of_the_other_rates() {
    // One attempt, one join of a source and one refusal at a time; then another limit changes.
    let limits = Limits {
        attempts: 2,
        joins_per_source: 1,
        join_burst_per_source: 1,
        refusals: 1,
        ..Limits::default()
    };
    let mut server = Host::new(config(9, 504).limits(limits));
    let banned = address(9);
    server.ban(START, banned.ip().into(), None, Some(1));
    let mut joined = 0;
    for log_lines in 1..=3 {
        for port in [1, 2] {
            let from = SocketAddr::new(address(1).ip(), port);
            server.handle_datagram(START, from, &connect(log_lines));
        }
        server.handle_datagram(START, banned, &connect(log_lines));
        for (to, answer) in answers(&mut server, START) {
            if answer.len() == 48 {
                server.handle_datagram(START, to, &acknowledgement(&answer).0);
            }
        }
        joined += connects(&mut server);
        server.set_limits(
            START,
            Limits {
                log_lines,
                ..limits
            },
        );
    }
    let seen = server.statistics();
    assert_eq!(joined, 1);
    assert_eq!(seen.dropped(DropCause::ConnectLimited), 1);
    assert_eq!(seen.dropped(DropCause::ConnectCrowded), 4);
    assert_eq!(seen.dropped(DropCause::ConnectBanned), 3);
    // Of the banned one, and who was one too many.
    assert_eq!(seen.connects_refused, 2);
}

#[test]
fn changed_limits_hold_for_those_who_come() {
    let mut net = Setup::new(503).net(3);
    let limits = Limits {
        join_burst: 1,
        ..Limits::default()
    };
    net.server.host.set_limits(net.now(), limits);
    net.connect(0, 0);
    net.connect(1, 0);
    net.run_for(millis(40));
    assert_eq!(net.server.connects().len(), 1);
    net.server.host.set_limits(net.now(), Limits::default());
    net.server.host.set_duplicate_peers(2);
    net.run_for(millis(3000));
    net.connect(2, 0);
    net.run_for(millis(3000));
    assert_eq!(net.server.connects().len(), 2, "the address is the same");
}

#[test]
fn a_changed_limit_of_what_a_peer_may_have_waiting_holds_at_once() {
    let mut net = crowd(1);
    net.server.host.set_maximum_waiting_data(10_000);
    send(&mut net, 0, 100);
    assert!(
        (10_000..12_000).contains(&waiting(&net)),
        "{}",
        waiting(&net)
    );
}
