//! Packets of all kinds and sizes, both ways, and what happens when nobody takes them.

use std::time::{Duration, Instant};

use crate::common::{Pair, client, config, loopback, payloads, pump, server};
use enet_proto::{Packet, PacketFlags, PeerState, RangeCoder, crc32};
use enet_udp::{Bind, HostEvent, UdpHost};

/// Bytes that no two positions of a test share by accident.
fn pattern(len: usize, seed: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (index.wrapping_mul(31) ^ (index >> 8) ^ seed).to_le_bytes()[0])
        .collect()
}

in_both_modes! {
    fn packets_of_every_kind_arrive_as_they_were_sent(threaded: bool) {
        let pair = Pair::connected(threaded);
        for len in [0, 1, 1000, 1364, 1365, 20_000] {
            for kind in [Packet::reliable, Packet::unreliable, Packet::unsequenced] {
                let packet: Packet = kind(pattern(len, 3));
                pair.to_server.send(2, packet.clone()).unwrap();
                let events = pump(&pair.hosts(), |events| !events.is_empty());
                let (0, HostEvent::Receive { peer, channel_id: 2, packet: received }) = &events[0] else {
                    panic!("{events:?}")
                };
                assert_eq!(peer, &pair.to_client);
                assert_eq!(received.data(), packet.data());
                let fragments = len > 1364;
                let expected = match packet.flags() {
                    PacketFlags::RELIABLE => PacketFlags::RELIABLE,
                    _ if fragments => PacketFlags::UNRELIABLE_FRAGMENT,
                    flags if flags.contains(PacketFlags::UNSEQUENCED) => PacketFlags::UNSEQUENCED,
                    _ => PacketFlags::NONE,
                };
                assert_eq!(received.flags(), expected, "{len} bytes");
            }
        }
    }

    fn large_packets_cross_in_both_directions(threaded: bool) {
        let pair = Pair::connected(threaded);
        let sent = [pattern(4 << 20, 1), pattern(3 << 20, 2)];
        pair.to_client.send(0, Packet::reliable(sent[0].clone())).unwrap();
        pair.to_server.send(1, Packet::reliable(sent[1].clone())).unwrap();
        let events = pump(&pair.hosts(), |events| events.len() == 2);
        assert!(payloads(&events, 1) == [sent[0].clone()], "to the client");
        assert!(payloads(&events, 0) == [sent[1].clone()], "to the server");
    }

    fn many_reliable_packets_arrive_once_and_in_order(threaded: bool) {
        let pair = Pair::connected(threaded);
        let sent: Vec<Vec<u8>> = (0..20_000_u32).map(|number| number.to_le_bytes().to_vec()).collect();
        for payload in &sent {
            pair.to_server.send(0, Packet::reliable(payload.clone())).unwrap();
        }
        let events = pump(&pair.hosts(), |events| events.len() == sent.len());
        assert!(payloads(&events, 0) == sent);
    }

    fn a_broadcast_reaches_all_that_have_the_channel(threaded: bool) {
        let server = server(threaded);
        let clients: Vec<UdpHost> = (0..3).map(|_| client(threaded)).collect();
        for (client, channels) in clients.iter().zip([1, 2, 3]) {
            client.connect(server.local_address().unwrap(), channels, 0).unwrap();
        }
        let hosts: Vec<&UdpHost> = clients.iter().chain([&server]).collect();
        pump(&hosts, |events| events.len() == 6);
        assert_eq!(server.peers().len(), 3);
        assert_eq!(server.broadcast(1, &Packet::reliable("news")), 2);
        let events = pump(&hosts, |events| events.len() == 2);
        let mut receivers: Vec<usize> = events.iter().map(|(index, _)| *index).collect();
        receivers.sort_unstable();
        assert_eq!(receivers, [1, 2]);
    }

    fn compressed_and_checked_datagrams_are_understood(threaded: bool) {
        let both = config(threaded).checksum(Some(crc32));
        let server = UdpHost::open(both.clone().bind(Bind::Address(loopback(0)))).unwrap();
        let client = UdpHost::open(both).unwrap();
        server.set_compressor(Some(Box::new(RangeCoder::default())));
        client.set_compressor(Some(Box::new(RangeCoder::default())));
        let pair = Pair::of(server, client, 1);
        pair.to_server.send(0, Packet::reliable(vec![7; 100_000])).unwrap();
        let events = pump(&pair.hosts(), |events| !events.is_empty());
        assert_eq!(payloads(&events, 0), [vec![7; 100_000]]);
        assert!(pair.client.statistics().bytes_sent < 50_000, "it was compressed");
    }

    fn unread_data_is_bounded_and_nothing_is_lost(threaded: bool) {
        const LIMIT: usize = 256 << 10;
        const LEN: usize = 1000;
        let bounded = config(threaded).bind(Bind::Address(loopback(0))).maximum_waiting_data(LIMIT);
        let pair = Pair::of(UdpHost::open(bounded).unwrap(), client(threaded), 1);
        let sent: Vec<Vec<u8>> = (0..320).map(|seed| pattern(LEN, seed)).collect();
        for payload in &sent {
            pair.to_server.send(0, Packet::reliable(payload.clone())).unwrap();
        }
        let waiting = || pair.to_client.statistics().unwrap().waiting_data;
        // The client sends, the server reads and takes nothing, until the limit holds it back.
        pump(&[&pair.client], |_| {
            pair.server.poll();
            waiting() + LEN > LIMIT
        });
        assert!(waiting() < LIMIT + LEN, "{} bytes wait", waiting());
        let events = pump(&pair.hosts(), |events| events.len() == sent.len());
        assert!(payloads(&events, 0) == sent);
        pump(&pair.hosts(), |_| waiting() == 0);
    }
}

/// Lets `client` talk for several times the span after which it gives up a silent server that is not polled; tells
/// whether it still is connected.
fn survives_a_stall_of_the_server(threaded: bool) -> bool {
    // Beyond what a busy machine keeps the thread waiting, at whose end it may see the silence before the answer.
    const GIVES_UP: Duration = Duration::from_secs(1);
    let limit = u32::try_from(GIVES_UP.as_millis()).unwrap();
    let pair = Pair::of(server(threaded), client(true), 1);
    pair.to_server.set_timeout(1, limit, 2 * limit);
    let start = Instant::now();
    let mut sent = Vec::new();
    while start.elapsed() < 5 * GIVES_UP && pair.to_server.is_active() {
        let payload = pattern(100, sent.len());
        if pair.to_server.state() == PeerState::Connected {
            pair.to_server
                .send(0, Packet::reliable(payload.clone()))
                .unwrap();
            sent.push(payload);
        }
        // Waits; the server has nothing to say.
        pair.client.service(Duration::from_millis(20));
    }
    if pair.to_server.is_active() {
        let events = pump(&pair.hosts(), |events| events.len() == sent.len());
        assert!(
            payloads(&events, 0) == sent,
            "what came during the stall is there, in order"
        );
    }
    pair.to_server.is_active()
}

#[test]
fn the_network_thread_keeps_a_host_connected_that_nobody_polls() {
    assert!(survives_a_stall_of_the_server(true));
    assert!(
        !survives_a_stall_of_the_server(false),
        "without the thread the same stall must end the connection"
    );
}

#[test]
fn peers_take_turns_within_a_poll() {
    let server = server(false);
    let clients = [client(false), client(false)];
    let peers = clients.each_ref().map(|client| {
        let peer = client
            .connect(server.local_address().unwrap(), 1, 0)
            .unwrap();
        pump(&[&server, client], |events| events.len() == 2);
        peer
    });
    for (peer, packets) in peers.iter().zip([["a0", "a1"], ["b0", "b1"]]) {
        for packet in packets {
            peer.send(0, Packet::reliable(packet)).unwrap();
        }
    }
    clients.iter().for_each(UdpHost::flush);
    let mut received = Vec::new();
    pump(&[&clients[0]], |_| {
        server.poll();
        received.extend(std::iter::from_fn(|| server.next_event()));
        received.len() == 4
    });
    let order: Vec<_> = received.into_iter().map(|event| (0, event)).collect();
    assert_eq!(payloads(&order, 0), [b"a0", b"b0", b"a1", b"b1"]);
}
