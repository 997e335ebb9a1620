//! Every kind of packet, of every size, on clean and on bad links.

use super::*;
use crate::{Packet, PacketFlags, RangeCoder, SendError, crc32};

/// Largest payload that is not split, at the default MTU.
const UNFRAGMENTED: usize = 1392 - 28;

const KINDS: [PacketFlags; 5] = [
    PacketFlags::RELIABLE,
    PacketFlags::NONE,
    PacketFlags::UNSEQUENCED,
    PacketFlags::UNRELIABLE_FRAGMENT,
    PacketFlags::from_bits(2 | 8).unwrap(),
];

#[test]
fn reliable_packet_survives_one_lost_datagram() {
    let mut pair = Pair::connected(7);
    pair.client.send(0, Packet::reliable("hi"));
    pair.link_to_server().drop_next(1);
    pair.run_for(millis(20));
    assert!(
        pair.server.received().is_empty(),
        "the loss must have happened"
    );
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [b"hi"]);
}

#[test]
fn every_kind_and_size_arrives_both_ways_with_the_flags_it_travelled_by() {
    let setups = [
        (UNFRAGMENTED, false, Setup::new(1)),
        (
            UNFRAGMENTED - 4,
            false,
            Setup::new(2).both(|config| config.checksum(Some(crc32))),
        ),
        (UNFRAGMENTED, true, Setup::new(3)),
        (
            UNFRAGMENTED - 4,
            true,
            Setup::new(4).both(|config| config.checksum(Some(crc32))),
        ),
        (
            576 - 28,
            false,
            Setup::new(5).server(|config| config.mtu(576)),
        ),
    ];
    for (unfragmented, compressed, setup) in setups {
        let mut pair = setup.pair();
        if compressed {
            pair.client
                .host
                .set_compressor(Some(Box::new(RangeCoder::default())));
            pair.server
                .host
                .set_compressor(Some(Box::new(RangeCoder::default())));
        }
        pair.connect(7);
        pair.run_until_idle();
        for len in [
            0,
            1,
            2,
            100,
            unfragmented,
            unfragmented + 1,
            2 * unfragmented,
            2 * unfragmented + 1,
            65_536,
            300_000,
        ] {
            for kind in KINDS {
                let packet = Packet::new(payload(len), kind);
                pair.client.send(1, packet.clone());
                pair.server.send(1, packet);
                pair.run_until_idle();
                let travelled = travels_as(kind, len > unfragmented);
                for node in [&mut pair.client, &mut pair.server] {
                    let received: Vec<_> = node
                        .packets()
                        .map(|(channel, packet)| (channel, packet.clone()))
                        .collect();
                    assert!(
                        received == [(1, Packet::new(payload(len), travelled))],
                        "{kind:?}, {len} bytes"
                    );
                    node.events.clear();
                }
            }
        }
    }
}

fn travels_as(kind: PacketFlags, split: bool) -> PacketFlags {
    match (kind.contains(PacketFlags::RELIABLE), split) {
        (true, _) => PacketFlags::RELIABLE,
        (_, true) if kind.contains(PacketFlags::UNRELIABLE_FRAGMENT) => {
            PacketFlags::UNRELIABLE_FRAGMENT
        }
        (_, true) => PacketFlags::RELIABLE,
        _ if kind.contains(PacketFlags::UNSEQUENCED) => PacketFlags::UNSEQUENCED,
        _ => PacketFlags::NONE,
    }
}

#[test]
fn reliable_packets_arrive_once_and_in_order_over_a_bad_link() {
    let mut pair = Setup::new(6)
        .channels(3)
        .link(|link| {
            link.jitter(millis(8))
                .loss(0.15)
                .duplication(0.1)
                .reordering(0.1, millis(30))
        })
        .connected();
    let sent = numbered(600);
    for data in &sent {
        let number = u32::from_be_bytes(data[..].try_into().unwrap());
        let mut data = data.clone();
        data.resize([4, 700, 3000][number as usize / 3 % 3], 0);
        pair.client.send((number % 3) as u8, Packet::reliable(data));
        if number % 5 == 0 {
            pair.run_for(millis(3));
        }
    }
    pair.run_until_idle();
    let received = pair
        .server
        .packets()
        .map(|(channel, packet)| (channel, numbers(&[packet.data()])[0]));
    let mut by_channel = vec![Vec::new(); 3];
    received.for_each(|(channel, number)| by_channel[usize::from(channel)].push(number));
    for (channel, numbers) in by_channel.iter().enumerate() {
        assert!(
            numbers.iter().copied().eq((channel as u32..600).step_by(3)),
            "channel {channel}: {numbers:?}"
        );
    }
    assert!(
        pair.link_to_server().statistics().lost > 20,
        "the link must have been bad"
    );
}

#[test]
fn unreliable_packets_are_never_delivered_after_newer_ones() {
    let mut pair = Setup::new(7)
        .link(|link| {
            link.jitter(millis(9))
                .loss(0.1)
                .duplication(0.2)
                .reordering(0.2, millis(30))
        })
        .connected();
    for data in numbered(2000) {
        pair.client.send(0, Packet::unreliable(data));
        pair.run_for(millis(1));
    }
    pair.run_until_idle();
    let numbers = numbers(&pair.server.received());
    assert!(numbers.is_sorted_by(|a, b| a < b));
    assert!(
        (500..1800).contains(&numbers.len()),
        "{} arrived: late ones were dropped, most others not",
        numbers.len()
    );
}

#[test]
fn unsequenced_packets_come_as_they_come_and_once() {
    let mut pair = Setup::new(8)
        .link(|link| {
            link.jitter(millis(9))
                .loss(0.1)
                .duplication(0.2)
                .reordering(0.2, millis(30))
        })
        .connected();
    for data in numbered(2000) {
        pair.client.send(0, Packet::unsequenced(data));
        pair.run_for(millis(1));
    }
    pair.run_until_idle();
    let mut numbers = numbers(&pair.server.received());
    assert!(!numbers.is_sorted(), "the link must have reordered");
    numbers.sort_unstable();
    assert!(numbers.is_sorted_by(|a, b| a < b));
    assert!(
        (1400..1900).contains(&numbers.len()),
        "{} arrived",
        numbers.len()
    );
}

#[test]
fn reliable_fragments_survive_loss_and_reordering() {
    let mut pair = Setup::new(9)
        .link(|link| {
            link.jitter(millis(5))
                .loss(0.1)
                .duplication(0.1)
                .reordering(0.2, millis(30))
        })
        .connected();
    let sent: Vec<_> = [50_000, 1365, 1 << 20, 2].map(payload).into();
    for data in &sent {
        pair.client.send(0, Packet::reliable(data.clone()));
    }
    pair.run_until_idle();
    assert!(pair.server.received() == sent);
    assert_eq!(pair.server.statistics().waiting_data, 0);
}

#[test]
fn unreliable_fragments_arrive_whole_or_not_at_all() {
    let mut pair = Setup::new(10).link(|link| link.loss(0.05)).connected();
    for _ in 0..200 {
        pair.client.send(0, Packet::unreliable(payload(5000)));
        pair.run_for(millis(20));
    }
    pair.run_until_idle();
    let received = pair.server.received();
    assert!(
        (120..190).contains(&received.len()),
        "0.95^4 of 200 expected, {} arrived",
        received.len()
    );
    assert!(received.iter().all(|data| *data == payload(5000)));
}

#[test]
fn late_fragment_of_an_overtaken_message_changes_nothing() {
    let mut pair = Pair::connected(11);
    pair.client.send(0, Packet::unreliable(payload(5000)));
    pair.link_to_server().drop_next(1);
    pair.settle();
    pair.client.send(0, Packet::unreliable("newer"));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [b"newer"]);
    assert_eq!(
        pair.server.statistics().waiting_data,
        0,
        "the incomplete message was let go"
    );
}

#[test]
fn unreliable_packets_wait_for_the_reliable_ones_sent_before_them() {
    let mut pair = Pair::connected(12);
    pair.link_to_server().drop_next(1);
    pair.client.send(0, Packet::reliable("first"));
    pair.settle();
    for data in ["second", "third", "fourth"] {
        pair.client.send(0, Packet::unreliable(data));
    }
    pair.client.send(1, Packet::unreliable("other channel"));
    pair.run_for(millis(15));
    assert_eq!(pair.server.received(), [b"other channel"]);
    pair.run_until_idle();
    let expected = ["other channel", "first", "second", "third", "fourth"];
    assert_eq!(pair.server.received(), expected.map(str::as_bytes));
}

#[test]
fn copies_of_what_waits_are_not_charged_again() {
    let mut pair = Setup::new(17)
        .link(|link| link.duplication(1.0))
        .connected();
    for packet in [
        Packet::reliable(payload(1000)),
        Packet::reliable(payload(3000)),
    ] {
        pair.link_to_server().drop_next(1);
        pair.client.send(0, Packet::reliable("lost once"));
        pair.settle();
        pair.client.send(0, packet.clone());
        pair.run_for(millis(12));
        assert_eq!(pair.server.statistics().waiting_data, packet.len());
        pair.run_until_idle();
        assert_eq!(pair.server.statistics().waiting_data, 0);
    }
    assert_eq!(pair.server.received().len(), 4);
}

#[test]
fn channels_do_not_wait_for_each_other() {
    let mut pair = Pair::connected(13);
    pair.link_to_server().drop_next(1);
    pair.client.send(0, Packet::reliable("lost once"));
    pair.settle();
    pair.client.send(1, Packet::reliable("overtakes"));
    pair.run_for(millis(15));
    assert_eq!(pair.server.received(), [b"overtakes"]);
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [&b"overtakes"[..], b"lost once"]);
}

#[test]
fn unknown_channel_and_oversized_packet_are_refused_and_queue_nothing() {
    let mut pair = Setup::new(14)
        .client(|config| config.maximum_packet_size(1000))
        .connected();
    let peer = pair.client.peer();
    let channel = pair.client.host.send(peer, 2, Packet::reliable("x"));
    assert_eq!(
        channel,
        Err(SendError::NoSuchChannel {
            channel_id: 2,
            channel_count: 2
        })
    );
    let size = pair
        .client
        .host
        .send(peer, 0, Packet::reliable(payload(1001)));
    assert_eq!(
        size,
        Err(SendError::TooLarge {
            len: 1001,
            limit: 1000
        })
    );
    pair.client.send(0, Packet::reliable(payload(1000)));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [payload(1000)]);
}

#[test]
fn broadcast_reaches_every_connected_peer_with_the_channel_and_shares_the_bytes() {
    let mut net = Setup::new(15)
        .channels(3)
        .server(|config| config.channel_limit(3))
        .net(4);
    net.connect_all();
    let data = bytes::Bytes::from(payload(1000));
    assert_eq!(
        net.server
            .host
            .broadcast(3, &Packet::reliable(data.clone())),
        0,
        "no such channel"
    );
    for unreachable in 0..4 {
        net.link_to_client(unreachable).set_down(true);
        assert_eq!(
            net.server
                .host
                .broadcast(2, &Packet::reliable(data.clone())),
            4
        );
        net.run_for(millis(100));
        assert!(
            !data.is_unique(),
            "what waits for client {unreachable} is no copy"
        );
        net.link_to_client(unreachable).set_down(false);
        net.run_until_idle();
        assert!(data.is_unique(), "what is acknowledged is let go");
    }
    assert!(
        net.clients
            .iter()
            .all(|client| client.received() == [&data[..]; 4])
    );
}

#[test]
fn fragments_share_the_bytes_of_their_packet() {
    let mut pair = Pair::connected(16);
    let data = bytes::Bytes::from(payload(100_000));
    pair.client.send(0, Packet::reliable(data.clone()));
    assert!(!data.is_unique());
    pair.run_until_idle();
    assert!(data.is_unique());
    assert!(pair.server.received() == [&data[..]]);
}
