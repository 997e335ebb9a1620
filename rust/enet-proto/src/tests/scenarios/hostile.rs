//! What hostile traffic must not do. The numbers in the names are those of section 11 of the protocol description.

use super::*;
use crate::{DisconnectCause, Packet, PeerState, PeerStatistics};

/// The server's slot of the only client, and the client's of the server.
const SLOT: u16 = 0;

/// Hands the server a datagram as if from the client.
fn inject(pair: &mut Pair, raw: Raw) {
    let from = pair.client.address;
    pair.inject(from, &raw.0);
}

/// A number on the control channel that the client would use next, more or less.
const FRESH_CONTROL_NUMBER: u16 = 20;

#[test]
fn dropped_unreliable_packets_do_not_stay_charged_11_5() {
    let mut pair = Setup::plain(1)
        .server(|config| config.maximum_waiting_data(20_000))
        .connected();
    for _ in 0..100 {
        // Two of five fragments arrive, then a newer packet overtakes them.
        pair.client.send(0, Packet::unreliable(payload(6000)));
        pair.link_to_server().drop_next(3);
        pair.settle();
        pair.client.send(0, Packet::unreliable("newer"));
        pair.run_for(millis(30));
    }
    assert_eq!(pair.server.received(), [b"newer"; 100]);
    assert_eq!(pair.server.statistics().waiting_data, 0);
    pair.client.send(0, Packet::reliable(payload(15_000)));
    pair.run_until_idle();
    assert_eq!(pair.server.received().len(), 101);
}

#[test]
fn stale_epochs_do_not_stay_charged_11_5() {
    let mut pair = Pair::plain(2);
    for number in 1..=50 {
        // An unreliable packet of the epoch after next, which the reliable stream then passes by.
        let early = Raw::untimed(SLOT).command(0x07, 0, number + 1, &[0, 0, 0, 4, 1, 2, 3, 4]);
        inject(&mut pair, early);
        inject(&mut pair, Raw::timed(SLOT, 1000).reliable(0, number, b"r"));
    }
    inject(&mut pair, Raw::timed(SLOT, 1000).reliable(0, 51, b"r"));
    assert!(
        pair.server.statistics().waiting_data <= 4,
        "{}",
        pair.server.statistics().waiting_data
    );
}

#[test]
fn gaps_between_fragments_read_as_zero_11_6() {
    let mut pair = Pair::plain(3);
    let message = Fragment {
        start: 1,
        count: 3,
        index: 0,
        total: 100_000,
        offset: 0,
    };
    for (index, offset) in [(0, 0), (1, 0), (2, 99_990)] {
        let fragment = Fragment {
            index,
            offset,
            ..message
        };
        let number = 1 + u16::try_from(index).unwrap();
        inject(
            &mut pair,
            Raw::timed(SLOT, 1000).fragment(0x88, 0, number, fragment, &[0xFF; 10]),
        );
    }
    let received = pair.server.received();
    assert_eq!((received.len(), received[0].len()), (1, 100_000));
    assert!(
        received[0][..10]
            .iter()
            .chain(&received[0][99_990..])
            .all(|&byte| byte == 0xFF)
    );
    assert!(received[0][10..99_990].iter().all(|&byte| byte == 0));
}

#[test]
fn fragments_outside_their_message_are_refused_11_6() {
    let good = Fragment {
        start: 1,
        count: 3,
        index: 1,
        total: 3000,
        offset: 1000,
    };
    let bad = [
        Fragment { count: 0, ..good },
        Fragment { count: 1, ..good },
        Fragment {
            count: 1_048_577,
            total: 2_000_000,
            ..good
        },
        Fragment {
            count: 3001,
            ..good
        },
        Fragment { index: 3, ..good },
        Fragment {
            index: u32::MAX,
            ..good
        },
        Fragment { total: 0, ..good },
        Fragment {
            total: 33_554_433,
            ..good
        },
        Fragment {
            total: u32::MAX,
            ..good
        },
        Fragment {
            offset: 3000,
            ..good
        },
        Fragment {
            offset: 2991,
            ..good
        },
        Fragment {
            offset: u32::MAX,
            ..good
        },
    ];
    for first_byte in [0x88, 0x0C] {
        for fragment in bad {
            let mut pair = Pair::plain(4);
            inject(
                &mut pair,
                Raw::timed(SLOT, 1000).fragment(first_byte, 0, 2, fragment, &[1; 10]),
            );
            assert_eq!(
                pair.server.statistics().waiting_data,
                0,
                "{first_byte:#x}, start {}",
                fragment.start
            );
            assert_eq!(pair.server.host.statistics().datagrams_aborted, 1);
        }
        let mut pair = Pair::plain(4);
        inject(
            &mut pair,
            Raw::timed(SLOT, 1000).fragment(first_byte, 0, 2, good, &[1; 10]),
        );
        assert_eq!(
            pair.server.statistics().waiting_data,
            3000,
            "the one they were made from is taken"
        );
    }
}

#[test]
fn fragments_that_disagree_about_their_message_are_refused_11_6() {
    let mut pair = Pair::plain(5);
    let first = Fragment {
        start: 1,
        count: 3,
        index: 0,
        total: 3000,
        offset: 0,
    };
    inject(
        &mut pair,
        Raw::timed(SLOT, 1000).fragment(0x88, 0, 1, first, &[1; 1000]),
    );
    for other in [
        Fragment {
            total: 4000,
            ..first
        },
        Fragment { count: 4, ..first },
    ] {
        let other = Fragment {
            index: 1,
            offset: 1000,
            ..other
        };
        inject(
            &mut pair,
            Raw::timed(SLOT, 1000).fragment(0x88, 0, 2, other, &[1; 1000]),
        );
    }
    assert_eq!(pair.server.host.statistics().datagrams_aborted, 2);
    assert_eq!(pair.server.statistics().waiting_data, 3000);
}

#[test]
fn empty_and_undersized_unreliable_fragments_are_refused_11_7() {
    let mut pair = Pair::plain(6);
    for epoch in 0..100 {
        let mut raw = Raw::untimed(SLOT);
        for start in 1..=100 {
            let fragment = Fragment {
                start,
                count: 1_048_576,
                index: 0,
                total: 1,
                offset: 0,
            };
            raw = raw.fragment(0x0C, 0, epoch, fragment, b"");
        }
        inject(&mut pair, raw);
    }
    let empty = Fragment::first_of_two(100);
    inject(
        &mut pair,
        Raw::untimed(SLOT).fragment(0x0C, 0, 0, empty, b""),
    );
    assert_eq!(pair.server.host.statistics().datagrams_aborted, 101);
    assert_eq!(pair.server.statistics().waiting_data, 0);
}

#[test]
fn empty_datagrams_and_runts_are_dropped_and_counted_11_9() {
    let mut pair = Pair::plain(8);
    let from = pair.client.address;
    let runts: [&[u8]; 6] = [b"", b"\0", b"\x80", b"\x80\0\0", b"\x8F\xFF\0", b"\x8F"];
    for data in runts {
        pair.inject(from, data);
    }
    assert_eq!(pair.server.host.statistics().datagrams_dropped, 6);
    pair.client.send(0, Packet::reliable("hi"));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [b"hi"]);
}

#[test]
fn connect_with_an_impossible_slot_takes_none_11_10() {
    for (peer_id, taken) in [
        (0, 1),
        (4094, 1),
        (4095, 0),
        (4096, 0),
        (0x4000, 0),
        (0xFFFF, 0),
    ] {
        let mut pair = Setup::plain(9).pair();
        let stranger = "192.0.2.1:5".parse().unwrap();
        pair.record();
        pair.inject(
            stranger,
            &RawConnect {
                peer_id,
                ..RawConnect::default()
            }
            .datagram(),
        );
        assert_eq!(
            (
                pair.server.host.statistics().half_open,
                pair.record().len() as u64
            ),
            (taken, taken),
            "slot {peer_id}"
        );
    }
}

#[test]
fn connect_with_an_impossible_channel_count_takes_no_slot() {
    for (channel_count, taken) in [(0, 0), (1, 1), (255, 1), (256, 0), (u32::MAX, 0)] {
        let mut pair = Setup::plain(10).pair();
        let stranger = "192.0.2.1:5".parse().unwrap();
        pair.inject(
            stranger,
            &RawConnect {
                channel_count,
                ..RawConnect::default()
            }
            .datagram(),
        );
        assert_eq!(
            pair.server.host.statistics().half_open,
            taken,
            "{channel_count} channels"
        );
    }
}

#[test]
fn connect_with_an_impossible_mtu_is_brought_into_range() {
    for (mtu, used) in [(0, 576), (575, 576), (1000, 1000), (u32::MAX, 1392)] {
        let mut pair = Setup::plain(11).pair();
        let stranger = "192.0.2.1:5".parse().unwrap();
        pair.record();
        pair.inject(
            stranger,
            &RawConnect {
                mtu,
                ..RawConnect::default()
            }
            .datagram(),
        );
        let answer = &pair.record()[0].data;
        assert_eq!(answer[12..16], u32::to_be_bytes(used), "asked for {mtu}");
    }
}

/// A client that waits for an answer, and the VERIFY_CONNECT that would be the right one, but for `change`.
fn answered(change: impl FnOnce(&mut Vec<u8>)) -> Pair {
    let mut pair = Setup::plain(21).pair();
    pair.link_to_server().set_down(true);
    pair.record();
    pair.connect(1);
    pair.settle();
    let mut answer = pair.record()[0].data[4..48].to_vec();
    answer[0] = 0x83;
    answer[6..8].fill(0); // sessions
    change(&mut answer);
    let raw = Raw([&[0x80, 0, 0, 0][..], &answer].concat());
    pair.inject_to_client(&raw.0);
    pair
}

#[test]
fn answer_with_values_that_are_not_ours_ends_the_attempt() {
    assert_eq!(answered(|_| {}).client.state(), PeerState::Connected);
    let changes: [fn(&mut Vec<u8>); 5] = [
        |answer| answer[43] ^= 1,        // connect id
        |answer| answer[31] ^= 1,        // throttle interval
        |answer| answer[39] ^= 1,        // throttle deceleration
        |answer| answer[16..20].fill(0), // channel count
        |answer| answer[18] = 1,         // channel count, 258
    ];
    for change in changes {
        let pair = answered(change);
        assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Handshake)]);
        assert_eq!(pair.client.host.peer_count(), 0);
    }
}

#[test]
fn answer_cannot_grant_more_than_was_asked() {
    let pair = answered(|answer| {
        answer[8..12].copy_from_slice(&4096_u32.to_be_bytes());
        answer[12..16].copy_from_slice(&u32::MAX.to_be_bytes());
        answer[19] = 200;
    });
    let client = &pair.client;
    assert_eq!(client.host.channel_count(client.peer()), 2);
    assert_eq!(
        (client.statistics().mtu, client.statistics().window_size),
        (1392, 65_536)
    );
}

#[test]
fn acknowledgement_of_nothing_changes_nothing_11_11() {
    let mut pair = Pair::plain(12);
    pair.run_for(millis(100));
    let before = pair.server.statistics();
    for (channel_id, number) in [
        (0, 0),
        (0, 1),
        (0, 0xFFFF),
        (1, 77),
        (0xFF, 60_000),
        (0x80, 1),
    ] {
        inject(
            &mut pair,
            Raw::untimed(SLOT).acknowledge(channel_id, number, 0),
        );
    }
    let after = pair.server.statistics();
    let but_for_traffic = PeerStatistics {
        datagrams_received: before.datagrams_received,
        bytes_received: before.bytes_received,
        ..after
    };
    assert_eq!(but_for_traffic, before);
    assert_eq!(after.datagrams_received, before.datagrams_received + 6);
}

#[test]
fn acknowledgements_of_nothing_do_not_keep_a_dead_peer_alive_11_11() {
    let mut pair = Pair::plain(13);
    pair.set_down(true);
    pair.server.send(0, Packet::reliable("never acknowledged"));
    for _ in 0..400 {
        pair.run_for(millis(100));
        if pair.server.disconnects().is_empty() {
            inject(&mut pair, Raw::untimed(SLOT).acknowledge(0, 40_000, 0));
        }
    }
    assert_eq!(pair.server.disconnects(), [(0, DisconnectCause::Timeout)]);
}

#[test]
fn buffered_packets_in_descending_order_are_delivered_in_ascending_order_11_12() {
    let mut pair = Pair::plain(14);
    const COUNT: u16 = 28_000;
    for number in (1..=COUNT).rev() {
        inject(
            &mut pair,
            Raw::timed(SLOT, 1000).reliable(0, number, &u32::from(number).to_be_bytes()),
        );
        assert_eq!(pair.server.received().is_empty(), number != 1);
    }
    assert!(
        numbers(&pair.server.received())
            .into_iter()
            .eq(1..=u32::from(COUNT))
    );
}

#[test]
fn reliable_packet_numbered_inside_a_message_does_not_block_its_channel_11_13() {
    for inner in [2, 3] {
        let mut pair = Pair::plain(15);
        inject(
            &mut pair,
            Raw::timed(SLOT, 1000).reliable(0, inner, b"inside"),
        );
        for index in 0..3_u16 {
            let offset = u32::from(index) * 10;
            let fragment = Fragment {
                start: 1,
                count: 3,
                index: index.into(),
                total: 30,
                offset,
            };
            inject(
                &mut pair,
                Raw::timed(SLOT, 1000).fragment(0x88, 0, 1 + index, fragment, &[7; 10]),
            );
        }
        inject(&mut pair, Raw::timed(SLOT, 1000).reliable(0, 4, b"behind"));
        assert_eq!(
            pair.server.received(),
            [&[7; 30][..], b"behind"],
            "number {inner}"
        );
        assert_eq!(pair.server.statistics().waiting_data, 0);
    }
}

/// What is next on its channel may go over the limit, but not on all of 255 channels.
#[test]
fn large_messages_begun_on_all_channels_stay_within_the_limit_and_one_message() {
    const LIMIT: usize = 100_000;
    const LARGEST: usize = 1_000_000;
    let mut pair = Setup::plain(17)
        .channels(255)
        .server(|config| {
            config
                .maximum_waiting_data(LIMIT)
                .maximum_packet_size(LARGEST)
        })
        .connected();
    for channel_id in 0..255 {
        let fragment = Fragment::first_of_two(LARGEST);
        inject(
            &mut pair,
            Raw::timed(SLOT, 1000).fragment(0x88, channel_id, 1, fragment, &[1; 10]),
        );
    }
    let waiting = pair.server.statistics().waiting_data;
    assert!((LARGEST..=LIMIT + LARGEST).contains(&waiting), "{waiting}");
    let dropped = pair
        .server
        .host
        .statistics()
        .dropped(crate::DropCause::Memory);
    assert_eq!(dropped, 254);
}

#[test]
fn flagged_goodbye_without_a_sent_time_frees_the_slot_11_14() {
    let mut pair = Pair::plain(16);
    inject(
        &mut pair,
        Raw::untimed(SLOT).disconnect(true, FRESH_CONTROL_NUMBER, 5),
    );
    assert_eq!(pair.server.disconnects(), [(5, DisconnectCause::Remote)]);
    assert_eq!(pair.server.host.peer_count(), 0);
}

#[test]
fn old_goodbye_is_not_taken_11_4() {
    let mut pair = Pair::plain(17);
    pair.run_for(millis(5000));
    for number in [0, 1, 2, 5, 40_000, 0xFFFF] {
        inject(&mut pair, Raw::untimed(SLOT).disconnect(false, number, 5));
    }
    assert_eq!(pair.server.state(), PeerState::Connected);
    assert_eq!(pair.server.disconnects(), []);
}

#[test]
fn datagrams_from_another_address_or_session_are_dropped() {
    let mut pair = Pair::plain(18);
    let goodbye = Raw::untimed(SLOT)
        .disconnect(false, FRESH_CONTROL_NUMBER, 5)
        .0;
    for stranger in ["10.0.0.2:9001", "10.0.0.1:9002", "[::ffff:10.0.0.1]:9001"] {
        pair.inject(stranger.parse().unwrap(), &goodbye);
    }
    let from = pair.client.address;
    for session in 1..4 {
        let mut other = goodbye.clone();
        other[0] |= session << 4;
        pair.inject(from, &other);
    }
    for slot in [1, 7, 8, 4094] {
        pair.inject(
            from,
            &Raw::untimed(slot)
                .disconnect(false, FRESH_CONTROL_NUMBER, 5)
                .0,
        );
    }
    assert_eq!(pair.server.host.statistics().datagrams_dropped, 10);
    assert_eq!(pair.server.state(), PeerState::Connected);
}

#[test]
fn oversized_datagram_is_dropped() {
    let mut pair = Pair::plain(19);
    let mut datagram = Raw::timed(SLOT, 1000).reliable(0, 1, b"hi").0;
    datagram.resize(4097, 0);
    let from = pair.client.address;
    pair.inject(from, &datagram);
    assert_eq!(pair.server.received().len(), 0);
    pair.inject(from, &datagram[..4096]);
    assert_eq!(
        pair.server.received(),
        [b"hi"],
        "padding up to the limit is legal"
    );
}

#[test]
fn truncated_payload_is_not_taken() {
    let whole = Raw::timed(SLOT, 1000).reliable(0, 1, &payload(100)).0;
    for len in 0..whole.len() {
        let mut pair = Pair::plain(20);
        let from = pair.client.address;
        pair.inject(from, &whole[..len]);
        assert_eq!(
            (
                pair.server.received().len(),
                pair.server.statistics().waiting_data
            ),
            (0, 0),
            "cut at {len}"
        );
    }
}
