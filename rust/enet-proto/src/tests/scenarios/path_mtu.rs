//! The search for the largest datagram that the path carries, and what travels on paths that carry less than the MTU.

use std::net::SocketAddr;
use std::time::Duration;

use enet_netsim::Datagram;

use super::*;
use crate::compress::RangeCoder;
use crate::{
    DisconnectCause, DropCause, HostConfig, Packet, PacketFlags, PeerState, Recovery, crc32,
};

/// Datagrams of up to this size fit the 1280 bytes that every link of IPv6 carries.
const NARROW: usize = 1232;
const MIB: usize = 1 << 20;
const TEN_MINUTES: Duration = Duration::from_mins(10);

/// A path that silently drops what is larger than `bytes`.
fn narrow(seed: u64, bytes: usize) -> Setup {
    Setup::new(seed).link(|link| link.maximum_datagram_bytes(bytes))
}

fn vanilla(config: HostConfig) -> HostConfig {
    config.recovery(Recovery::Vanilla)
}

/// Sizes of the probes that `from` sent: a PING with zeros behind it.
fn probes(recording: &[Datagram], from: SocketAddr) -> Vec<usize> {
    let is_probe = |it: &&Datagram| {
        it.from == from
            && it.data.len() > 100
            && it.data[4] & 0x0F == 5
            && it.data[8..].iter().all(|&byte| byte == 0)
    };
    let all = recording.iter().filter(is_probe);
    all.map(|it| it.data.len()).collect()
}

fn path_mtus(pair: &Pair) -> [u32; 2] {
    [&pair.client, &pair.server].map(|node| node.statistics().path_mtu)
}

/// Sends a packet of 1 MiB each way and waits for both; `span` is the most that this may take.
fn exchange_large_packets(pair: &mut Pair, span: Duration) {
    let data = payload(MIB);
    pair.client.send(0, Packet::reliable(data.clone()));
    pair.server.send(0, Packet::reliable(data.clone()));
    pair.run_for(span);
    for node in [&pair.client, &pair.server] {
        assert!(node.received() == [&data[..]], "it has not arrived whole");
    }
}

#[test]
fn a_clean_path_is_known_to_carry_the_mtu_after_one_probe_each_way() {
    let mut pair = Setup::new(1).pair();
    pair.record();
    pair.connect(0);
    pair.run_for(millis(35));
    assert_eq!(path_mtus(&pair), [1184, 1184], "nothing is known at first");
    pair.run_for(millis(1000));
    assert_eq!(path_mtus(&pair), [1392, 1392]);
    pair.run_for(Duration::from_hours(2));
    let recording = pair.record();
    for node in [&pair.client, &pair.server] {
        assert_eq!(probes(&recording, node.address), [1392]);
    }
}

#[test]
fn a_narrow_path_carries_a_large_packet_whoever_receives_it() {
    for (seed, name) in [(2, "fast"), (3, "vanilla"), (4, "quirks")] {
        let setup = narrow(seed, NARROW);
        let setup = match name {
            "fast" => setup,
            "vanilla" => setup.server(vanilla),
            _ => setup.server(|config| vanilla(config).vanilla_quirks(true)),
        };
        let mut pair = setup.connected();
        let data = payload(MIB);
        pair.client.send(0, Packet::reliable(data.clone()));
        pair.run_for(millis(5000));
        assert!(pair.server.received() == [&data[..]], "towards {name}");
        pair.run_for(millis(30_000));
        let found = pair.client.statistics().path_mtu as usize;
        assert!((NARROW - 16..=NARROW).contains(&found), "found {found}");
    }
}

#[test]
fn both_directions_of_a_narrow_and_lossy_path_carry_large_packets() {
    let mut pair = narrow(5, NARROW).link(|link| link.loss(0.02)).connected();
    exchange_large_packets(&mut pair, millis(20_000));
}

#[test]
fn a_narrow_path_is_searched_again_after_ten_minutes_and_no_sooner() {
    let mut pair = narrow(6, NARROW).connected();
    pair.record();
    pair.run_for(millis(60_000));
    let searched = probes(&pair.record(), pair.client.address);
    assert!((6..=15).contains(&searched.len()), "{searched:?}");
    pair.run_for(TEN_MINUTES - millis(60_000));
    assert_eq!(probes(&pair.record(), pair.client.address).len(), 0);
    pair.set_link(|link| link.maximum_datagram_bytes(usize::MAX));
    pair.run_for(millis(60_000));
    assert_eq!(path_mtus(&pair), [1392, 1392]);
    assert_eq!(probes(&pair.record(), pair.client.address), [1392]);
}

#[test]
fn a_packet_on_its_way_survives_a_path_that_becomes_narrow_if_it_fragments() {
    let mut pair = Pair::connected(7);
    pair.run_for(millis(1000));
    assert_eq!(path_mtus(&pair), [1392, 1392]);
    pair.client.send(0, Packet::reliable(payload(MIB)));
    pair.run_for(millis(30));
    pair.fragment_above(NARROW);
    pair.run_for(millis(5000));
    assert!(pair.server.received() == [&payload(MIB)[..]]);
}

#[test]
fn fragments_keep_their_size_after_the_path_turned_out_to_be_narrow() {
    let mut pair = Pair::connected(20);
    pair.run_for(millis(1000));
    pair.client.send(0, Packet::reliable(payload(MIB)));
    pair.run_for(millis(30));
    pair.set_link(|link| link.maximum_datagram_bytes(NARROW));
    pair.run_for(millis(3000));
    assert!(pair.client.statistics().path_mtu as usize <= NARROW);
    assert!(pair.server.received().is_empty(), "it cannot get through");
    // From here on somebody on the way fragments, as most do who carry IPv4.
    pair.set_link(|link| link.maximum_datagram_bytes(usize::MAX));
    pair.fragment_above(NARROW);
    pair.run_for(millis(5000));
    assert!(pair.server.received() == [&payload(MIB)[..]]);
    assert!(pair.client.statistics().path_mtu as usize <= NARROW);
}

#[test]
fn packets_that_share_datagrams_get_through_a_path_that_becomes_narrow() {
    let mut pair = Pair::connected(8);
    pair.run_for(millis(1000));
    assert_eq!(path_mtus(&pair), [1392, 1392]);
    pair.set_link(|link| link.maximum_datagram_bytes(NARROW));
    // Five of them fill a datagram of the MTU.
    for number in 0..200u32 {
        let mut data = payload(260);
        data[..4].copy_from_slice(&number.to_be_bytes());
        pair.client.send(0, Packet::reliable(data));
        if number % 10 == 9 {
            pair.run_for(millis(1));
        }
    }
    pair.run_for(millis(4000));
    assert_eq!(
        numbers(&pair.server.received()),
        (0..200).collect::<Vec<_>>()
    );
    pair.run_for(millis(30_000));
    let found = pair.client.statistics().path_mtu as usize;
    assert!((NARROW - 16..=NARROW).contains(&found), "found {found}");
}

#[test]
fn unreliable_packets_that_the_path_does_not_carry_travel_in_fragments() {
    for flags in [PacketFlags::NONE, PacketFlags::UNSEQUENCED] {
        let mut pair = narrow(9, NARROW).connected();
        pair.run_for(millis(10_000));
        pair.client.send(0, Packet::new(payload(1300), flags));
        pair.run_for(millis(100));
        assert!(pair.server.received() == [&payload(1300)[..]]);
        let travelled_by = pair.server.received_flags();
        assert_eq!(travelled_by, [PacketFlags::UNRELIABLE_FRAGMENT]);
    }
}

#[test]
fn unreliable_packets_leave_whole_while_the_path_may_carry_them() {
    let mut pair = Setup::new(10).pair();
    pair.connect(0);
    pair.run_for(millis(35));
    assert_eq!(pair.client.statistics().path_mtu, 1184);
    pair.client.send(0, Packet::unsequenced(payload(1364)));
    pair.run_for(millis(100));
    assert_eq!(pair.server.received_flags(), [PacketFlags::UNSEQUENCED]);
}

#[test]
fn a_path_that_becomes_narrow_is_noticed_where_nothing_is_acknowledged() {
    let mut pair = Pair::connected(11);
    pair.run_for(millis(1000));
    pair.set_link(|link| link.maximum_datagram_bytes(NARROW));
    let mut count = 0;
    while pair.server.received().len() < 10 {
        pair.client.send(0, Packet::unreliable(payload(1300)));
        pair.run_for(millis(50));
        count += 1;
        assert!(count < 40 * 20, "lost for ever");
    }
}

#[test]
fn large_packets_that_nobody_acknowledges_cost_a_probe_every_half_minute() {
    let mut pair = Pair::connected(12);
    pair.run_for(millis(1000));
    pair.record();
    for _ in 0..5 * 60 * 4 {
        pair.client.send(0, Packet::unreliable(payload(1300)));
        pair.run_for(millis(250));
    }
    let sent = probes(&pair.record(), pair.client.address);
    assert!((8..=10).contains(&sent.len()), "{sent:?}");
    assert_eq!(pair.client.statistics().path_mtu, 1392);
}

#[test]
fn an_outage_says_nothing_of_the_path() {
    let mut pair = Setup::new(13).pair();
    pair.connect(0);
    // A probe is on its way, and so is the server's answer to the client's first ping.
    pair.run_for(millis(45));
    pair.set_down(true);
    pair.run_for(millis(4000));
    pair.set_down(false);
    pair.run_for(millis(4000));
    assert_eq!(path_mtus(&pair), [1392, 1392]);
}

#[test]
fn lost_probes_are_no_lost_packets() {
    let mut pair = narrow(14, NARROW).connected();
    pair.run_for(millis(60_000));
    let statistics = pair.client.statistics();
    assert_eq!((statistics.packets_lost, statistics.packet_loss), (0, 0));
}

#[test]
fn enets_strategy_takes_the_mtu_for_granted_and_small_mtus_need_no_probe() {
    for (setup, mtu) in [
        (Setup::new(15).both(vanilla), 1392),
        (Setup::new(16).both(|config| config.mtu(1184)), 1184),
        (Setup::new(17).server(|config| config.mtu(576)), 576),
    ] {
        let mut pair = setup.pair();
        pair.record();
        pair.connect(0);
        pair.run_for(millis(2000));
        assert_eq!(path_mtus(&pair), [mtu, mtu]);
        let recording = pair.record();
        assert_eq!(probes(&recording, pair.client.address).len(), 0);
        assert_eq!(probes(&recording, pair.server.address).len(), 0);
    }
}

#[test]
fn probes_keep_their_size_with_compression_and_checksum() {
    let mut pair = narrow(18, NARROW)
        .both(|config| config.checksum(Some(crc32)))
        .pair();
    for node in [&mut pair.client, &mut pair.server] {
        node.host
            .set_compressor(Some(Box::new(RangeCoder::default())));
    }
    pair.connect(0);
    pair.run_for(millis(30_000));
    for found in path_mtus(&pair) {
        let found = found as usize + 4;
        assert!((NARROW - 16..=NARROW).contains(&found), "found {found}");
    }
    exchange_large_packets(&mut pair, millis(5000));
}

#[test]
fn a_size_that_the_system_refuses_is_tried_once() {
    let mut pair = Setup::new(19).pair();
    // The probe is on its way, as far as the engine knows.
    pair.fragment_above(NARROW);
    pair.connect(0);
    pair.run_for(millis(45));
    let server = pair.server.address;
    pair.record();
    pair.client.host.note_too_large(server, 1392);
    pair.run_for(millis(900));
    assert_eq!(
        probes(&pair.record(), pair.client.address),
        [1288],
        "half way"
    );
}

#[test]
fn lost_probes_do_not_make_later_commands_implausible() {
    // Packets that are acknowledged all the time leave no room for pings, so that only probes are numbered.
    let mut pair = narrow(21, 1190).connected();
    for _ in 0..70 * 60 * 5 {
        pair.client.send(0, Packet::reliable(payload(20)));
        pair.server.send(0, Packet::reliable(payload(20)));
        pair.run_for(millis(200));
        pair.server.events.clear();
        pair.client.events.clear();
    }
    pair.run_for(Duration::from_mins(1));
    let idle = [pair.client.state(), pair.server.state()];
    assert_eq!(idle, [PeerState::Connected; 2], "its pings are answered");
    assert_eq!(
        pair.server
            .host
            .statistics()
            .dropped(DropCause::Implausible),
        0
    );
    let peer = pair.client.peer();
    pair.client.host.disconnect(peer, 3);
    pair.run_for(millis(100));
    assert_eq!(pair.server.disconnects(), [(3, DisconnectCause::Remote)]);
}

#[test]
fn a_path_that_becomes_narrow_is_noticed_by_silence_whatever_the_round_trip() {
    for delay in [10, 50, 100, 200] {
        let mut pair = Setup::new(22)
            .link(|link| link.delay(millis(delay)))
            .connected();
        pair.run_for(millis(3000));
        assert_eq!(path_mtus(&pair), [1392, 1392]);
        pair.set_link(|link| link.maximum_datagram_bytes(NARROW));
        // Together they fill datagrams of the MTU.
        for number in 0..20u32 {
            let mut data = payload(260);
            data[..4].copy_from_slice(&number.to_be_bytes());
            pair.client.send(0, Packet::reliable(data));
        }
        // What nobody acknowledges goes on beside them.
        for _ in 0..20 * 50 {
            pair.client.send(1, Packet::unsequenced(payload(30)));
            pair.run_for(millis(20));
        }
        let on_first = |(channel, packet): (u8, &Packet)| {
            (channel == 0).then(|| u32::from_be_bytes(packet.data()[..4].try_into().unwrap()))
        };
        let arrived: Vec<u32> = pair.server.packets().filter_map(on_first).collect();
        assert_eq!(
            arrived,
            (0..20).collect::<Vec<_>>(),
            "with {delay} ms of delay"
        );
    }
}

#[test]
fn the_largest_packet_leaves_before_the_path_is_known_and_arrives() {
    for vanilla_server in [false, true] {
        let setup = narrow(23, NARROW);
        let setup = if vanilla_server {
            setup.server(vanilla)
        } else {
            setup
        };
        let mut pair = setup.connected();
        assert_eq!(path_mtus(&pair)[0], 1184);
        let data = payload(32 * MIB);
        pair.client.send(0, Packet::reliable(data.clone()));
        pair.run_for(Duration::from_mins(2));
        assert!(pair.server.received() == [&data[..]]);
    }
}

#[test]
fn what_a_narrower_path_never_carries_ends_the_connection_as_a_silence_does() {
    let mut pair = Pair::connected(24);
    pair.run_for(millis(1000));
    pair.client.send(0, Packet::reliable(payload(MIB)));
    pair.run_for(millis(30));
    pair.set_link(|link| link.maximum_datagram_bytes(NARROW));
    // What is acknowledged beside it keeps the connection from being silent.
    while pair.client.state() == PeerState::Connected {
        pair.client.send(1, Packet::reliable(payload(20)));
        pair.run_for(millis(200));
        assert!(pair.elapsed() < Duration::from_mins(1), "sent for ever");
    }
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
    assert!(pair.elapsed() >= Duration::from_secs(30));
}
