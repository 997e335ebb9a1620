//! The scenarios: each takes the two makers and returns early where an implementation is not installed.
#![expect(
    clippy::cast_possible_truncation,
    reason = "payloads keep the low bits on purpose, channels are few"
)]

use std::time::Duration;

use enet_netsim::LinkConfig;
use enet_proto::PacketFlags;

use crate::endpoint::{Goodbye, Options, Seen};
use crate::stage::{Make, Role, Stage};

const RELIABLE: PacketFlags = PacketFlags::RELIABLE;
const SEQUENCED: PacketFlags = PacketFlags::NONE;
const UNSEQUENCED: PacketFlags = PacketFlags::UNSEQUENCED;
const FRAGMENTED: PacketFlags = PacketFlags::UNRELIABLE_FRAGMENT;

/// The largest payload of one datagram at the default MTU of C ENet 1.3.18, and of this engine.
const UNFRAGMENTED: usize = 1392 - 28;

/// Bytes that tell `number` and their position.
fn payload(number: usize, len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (index * 31 + (index >> 8) * 7 + number) as u8)
        .collect()
}

fn lossy(loss: f64) -> LinkConfig {
    LinkConfig::default()
        .delay(Duration::from_millis(10))
        .jitter(Duration::from_millis(4))
        .loss(loss)
}

fn connected(makes: [Make; 2], channel_count: usize) -> Option<Stage> {
    let mut stage = Stage::new(makes, [Options::default(); 2])?;
    stage.connect(channel_count);
    Some(stage)
}

/// The flags a packet of `len` bytes sent with `flags` arrives with.
fn arrival_flags(flags: PacketFlags, len: usize, unfragmented: usize) -> PacketFlags {
    if flags.contains(RELIABLE) {
        RELIABLE
    } else if len > unfragmented {
        if flags.contains(FRAGMENTED) {
            FRAGMENTED
        } else {
            RELIABLE
        }
    } else if flags.contains(UNSEQUENCED) {
        UNSEQUENCED
    } else {
        SEQUENCED
    }
}

/// `Receive` of these bytes; flags are compared where the receiver can tell them.
#[track_caller]
fn assert_received(event: &Seen, channel: u8, expected_flags: PacketFlags, expected: &[u8]) {
    let Seen::Receive {
        channel_id,
        flags,
        data,
    } = event
    else {
        panic!("not a packet: {event:?}")
    };
    assert_eq!((*channel_id, data.len()), (channel, expected.len()));
    assert!(data == expected, "the bytes differ");
    assert_eq!(flags.unwrap_or(expected_flags), expected_flags);
}

pub(crate) fn connecting_tells_both_sides_and_carries_the_user_data(makes: [Make; 2]) {
    let Some(mut stage) = Stage::new(makes, [Options::default(); 2]) else {
        return;
    };
    stage.start_connecting(2, 0xDEAD_BEEF);
    stage.run_for(Duration::from_millis(200));
    assert_eq!(stage.events(Role::Client), [Seen::Connect { data: 0 }]);
    assert_eq!(
        stage.events(Role::Server),
        [Seen::Connect { data: 0xDEAD_BEEF }]
    );
}

pub(crate) fn packets_of_every_kind_and_size_arrive_whole(makes: [Make; 2]) {
    every_kind_and_size(makes, Options::default());
}

pub(crate) fn packets_of_every_kind_and_size_arrive_whole_through_the_range_coder(
    makes: [Make; 2],
) {
    every_kind_and_size(
        makes,
        Options {
            range_coder: true,
            ..Options::default()
        },
    );
}

pub(crate) fn packets_of_every_kind_and_size_arrive_whole_with_checksums(makes: [Make; 2]) {
    every_kind_and_size(
        makes,
        Options {
            checksum: true,
            ..Options::default()
        },
    );
}

pub(crate) fn packets_of_every_kind_and_size_arrive_whole_with_both(makes: [Make; 2]) {
    every_kind_and_size(
        makes,
        Options {
            checksum: true,
            range_coder: true,
            ..Options::default()
        },
    );
}

fn every_kind_and_size(makes: [Make; 2], options: Options) {
    let Some(mut stage) = Stage::new(makes, [options; 2]) else {
        return;
    };
    stage.connect(2);
    let unfragmented = UNFRAGMENTED - if options.checksum { 4 } else { 0 };
    let kinds = [
        RELIABLE,
        SEQUENCED,
        UNSEQUENCED,
        FRAGMENTED,
        UNSEQUENCED | FRAGMENTED,
        RELIABLE | UNSEQUENCED,
    ];
    // C ENet crashes when its range coder meets a packet of 0 bytes.
    let smallest = usize::from(options.range_coder);
    let sizes = [
        smallest,
        1,
        100,
        unfragmented,
        unfragmented + 1,
        5_000,
        65_536,
        1 << 20,
    ];
    for (number, (role, (kind, size))) in Role::BOTH
        .into_iter()
        .flat_map(|role| kinds.map(|kind| sizes.map(|size| (role, (kind, size)))))
        .flatten()
        .enumerate()
    {
        let (channel, data) = ((number % 2) as u8, payload(number, size));
        stage.send(role, channel, kind, &data);
        let receiver = role.other();
        stage.run_until("the packet arrives", |stage| {
            !stage.events(receiver).is_empty()
        });
        let events = stage.take_events(receiver);
        assert_eq!(events.len(), 1);
        assert_received(
            &events[0],
            channel,
            arrival_flags(kind, size, unfragmented),
            &data,
        );
    }
    stage.run_for(Duration::from_secs(2));
    assert_eq!(
        (stage.events(Role::Client), stage.events(Role::Server)),
        (&[][..], &[][..]),
        "nothing comes twice"
    );
}

pub(crate) fn reliable_packets_survive_loss_in_order(makes: [Make; 2]) {
    reliable_packets_in_order(makes, 0.1, &Role::BOTH);
}

/// Only one side sends: ENet itself gives its connection up when it sends on such a path.
pub(crate) fn reliable_packets_survive_heavy_loss_in_order(makes: [Make; 2], sender: Role) {
    reliable_packets_in_order(makes, 0.3, &[sender]);
}

fn reliable_packets_in_order(makes: [Make; 2], loss: f64, senders: &[Role]) {
    const CHANNELS: usize = 3;
    const PACKETS: usize = 300;
    let Some(mut stage) = connected(makes, CHANNELS) else {
        return;
    };
    stage.set_link(
        lossy(loss)
            .duplication(0.05)
            .reordering(0.05, Duration::from_millis(15)),
    );
    let size = |number: usize| [0, 3, 400, UNFRAGMENTED + 1, 4_000][number % 5];
    for number in 0..PACKETS {
        for &sender in senders {
            stage.send(
                sender,
                (number % CHANNELS) as u8,
                RELIABLE,
                &payload(number, size(number)),
            );
        }
        stage.run_for(Duration::from_millis(5));
    }
    stage.run_until("everything arrives", |stage| {
        senders
            .iter()
            .all(|&sender| stage.events(sender.other()).len() >= PACKETS)
    });
    for &sender in senders {
        let events = stage.take_events(sender.other());
        assert_eq!(events.len(), PACKETS);
        for channel in 0..CHANNELS {
            let on_channel = |event: &&Seen| matches!(event, Seen::Receive { channel_id, .. } if usize::from(*channel_id) == channel);
            let sent = (channel..PACKETS).step_by(CHANNELS);
            for (event, number) in events.iter().filter(on_channel).zip(sent) {
                assert_received(
                    event,
                    channel as u8,
                    RELIABLE,
                    &payload(number, size(number)),
                );
            }
        }
    }
}

pub(crate) fn unreliable_packets_never_go_back_in_time(makes: [Make; 2]) {
    const PACKETS: u32 = 2_000;
    let Some(mut stage) = connected(makes, 2) else {
        return;
    };
    stage.set_link(
        lossy(0.1)
            .duplication(0.1)
            .reordering(0.1, Duration::from_millis(15)),
    );
    // Every seventh is split into fragments; channel 1 is unsequenced.
    let data = |number: u32| {
        let mut data = payload(
            number as usize,
            if number.is_multiple_of(7) { 3_000 } else { 20 },
        );
        data[..4].copy_from_slice(&number.to_be_bytes());
        data
    };
    for number in 0..PACKETS {
        for role in Role::BOTH {
            stage.send(role, 0, FRAGMENTED, &data(number));
            stage.send(role, 1, UNSEQUENCED, &data(number)[..20]);
        }
        stage.run_for(Duration::from_millis(5));
    }
    stage.run_for(Duration::from_secs(1));
    for role in Role::BOTH {
        let mut numbers = [Vec::new(), Vec::new()];
        for event in stage.take_events(role) {
            let Seen::Receive {
                channel_id,
                data: received,
                ..
            } = event
            else {
                panic!("not a packet: {event:?}")
            };
            let number = u32::from_be_bytes(received[..4].try_into().expect("4 bytes"));
            let len = if channel_id == 1 {
                20
            } else {
                data(number).len()
            };
            assert!(received == data(number)[..len], "the bytes differ");
            numbers[usize::from(channel_id)].push(number);
        }
        let [sequenced, mut unsequenced] = numbers;
        assert!(
            sequenced.len() > PACKETS as usize / 2 && unsequenced.len() > PACKETS as usize / 2,
            "most arrive"
        );
        assert!(sequenced.is_sorted_by(|a, b| a < b), "never back");
        assert!(!unsequenced.is_sorted(), "the link does reorder");
        unsequenced.sort_unstable();
        assert!(unsequenced.is_sorted_by(|a, b| a < b), "each once");
    }
}

pub(crate) fn mebibyte_crosses_a_lossy_link(makes: [Make; 2]) {
    let Some(mut stage) = connected(makes, 1) else {
        return;
    };
    stage.set_link(lossy(0.03));
    let data = payload(1, 1 << 20);
    for role in Role::BOTH {
        stage.send(role, 0, RELIABLE, &data);
    }
    stage.run_until("both arrive", |stage| {
        Role::BOTH
            .iter()
            .all(|&role| !stage.events(role).is_empty())
    });
    for role in Role::BOTH {
        assert_received(&stage.take_events(role)[0], 0, RELIABLE, &data);
    }
}

/// The client's mebibyte, over a path that silently drops datagrams that do not fit 1280 bytes with IPv6 around them.
pub(crate) fn mebibyte_crosses_a_narrow_link(makes: [Make; 2]) {
    let Some(mut stage) = connected(makes, 1) else {
        return;
    };
    stage.set_link(lossy(0.01).maximum_datagram_bytes(1232));
    let data = payload(1, 1 << 20);
    stage.send(Role::Client, 0, RELIABLE, &data);
    stage.run_until("it arrives", |stage| !stage.events(Role::Server).is_empty());
    assert_received(&stage.take_events(Role::Server)[0], 0, RELIABLE, &data);
}

pub(crate) fn disconnect_reaches_the_other_side_with_its_data(makes: [Make; 2]) {
    for role in Role::BOTH {
        let Some(mut stage) = connected(makes, 2) else {
            return;
        };
        stage.end(role, Goodbye::Disconnect, 99);
        stage.run_for(Duration::from_millis(200));
        assert_eq!(stage.events(role), [Seen::Disconnect { data: 0 }]);
        assert_eq!(stage.events(role.other()), [Seen::Disconnect { data: 99 }]);
    }
}

pub(crate) fn disconnect_now_tells_the_other_side_only(makes: [Make; 2]) {
    for role in Role::BOTH {
        let Some(mut stage) = connected(makes, 2) else {
            return;
        };
        stage.end(role, Goodbye::Now, 98);
        stage.run_for(Duration::from_millis(200));
        assert_eq!(stage.events(role), []);
        assert_eq!(stage.events(role.other()), [Seen::Disconnect { data: 98 }]);
    }
}

pub(crate) fn disconnect_later_delivers_what_was_queued(makes: [Make; 2]) {
    for role in Role::BOTH {
        let Some(mut stage) = connected(makes, 2) else {
            return;
        };
        let sizes = [10, 100_000, 0, UNFRAGMENTED, 5_000];
        for (number, size) in sizes.into_iter().enumerate() {
            stage.send(role, 0, RELIABLE, &payload(number, size));
        }
        stage.end(role, Goodbye::Later, 97);
        stage.run_until("the connection ends", |stage| {
            !stage.events(role).is_empty()
        });
        stage.run_for(Duration::from_millis(200));
        assert_eq!(stage.events(role), [Seen::Disconnect { data: 0 }]);
        let events = stage.take_events(role.other());
        assert_eq!(events.len(), sizes.len() + 1);
        for (number, (event, size)) in events.iter().zip(sizes).enumerate() {
            assert_received(event, 0, RELIABLE, &payload(number, size));
        }
        assert_eq!(events.last(), Some(&Seen::Disconnect { data: 97 }));
    }
}

pub(crate) fn disconnecting_while_connecting_leaves_no_connection(makes: [Make; 2]) {
    let Some(mut stage) = Stage::new(makes, [Options::default(); 2]) else {
        return;
    };
    stage.start_connecting(2, 1);
    stage.run_for(Duration::from_millis(5));
    stage.end(Role::Client, Goodbye::Disconnect, 2);
    stage.run_for(Duration::from_secs(40));
    assert_eq!(
        (stage.events(Role::Client), stage.events(Role::Server)),
        (&[][..], &[][..])
    );
    stage.connect(2);
}

pub(crate) fn vanished_peer_times_out_at_both_ends(makes: [Make; 2]) {
    let Some(mut stage) = connected(makes, 2) else {
        return;
    };
    for role in Role::BOTH {
        stage.link_from(role).set_down(true);
        stage.send(role, 0, RELIABLE, b"lost");
    }
    stage.run_for(Duration::from_secs(4));
    assert_eq!(
        (stage.events(Role::Client), stage.events(Role::Server)),
        (&[][..], &[][..]),
        "5 s at the least"
    );
    stage.run_for(Duration::from_secs(30));
    for role in Role::BOTH {
        assert_eq!(stage.events(role), [Seen::Disconnect { data: 0 }]);
        stage.take_events(role);
        stage.link_from(role).set_down(false);
    }
    stage.connect(2);
}

pub(crate) fn idle_connection_stays_open(makes: [Make; 2]) {
    let Some(mut stage) = connected(makes, 2) else {
        return;
    };
    stage.set_link(lossy(0.1));
    stage.run_for(Duration::from_secs(120));
    assert_eq!(
        (stage.events(Role::Client), stage.events(Role::Server)),
        (&[][..], &[][..])
    );
    stage.send(Role::Client, 1, RELIABLE, b"still there");
    stage.run_until("it arrives", |stage| !stage.events(Role::Server).is_empty());
    assert_received(
        &stage.take_events(Role::Server)[0],
        1,
        RELIABLE,
        b"still there",
    );
}

pub(crate) fn full_server_leaves_the_client_to_its_timeout(makes: [Make; 2]) {
    let options = [
        Options {
            peer_count: 2,
            ..Options::default()
        },
        Options {
            peer_count: 1,
            ..Options::default()
        },
    ];
    let Some(mut stage) = Stage::new(makes, options) else {
        return;
    };
    stage.connect(2);
    stage.start_connecting(2, 8);
    stage.run_for(Duration::from_secs(31));
    assert_eq!(stage.events(Role::Client), []);
    stage.run_for(Duration::from_secs(1));
    assert_eq!(stage.events(Role::Client), [Seen::Disconnect { data: 0 }]);
    assert_eq!(stage.events(Role::Server), []);
}

pub(crate) fn channel_count_is_the_smaller_of_both(makes: [Make; 2]) {
    let limited = Options {
        channel_limit: 3,
        ..Options::default()
    };
    for (options, requested, granted) in [
        ([Options::default(), limited], 10, 3),
        ([Options::default(), limited], 2, 2),
        ([limited, Options::default()], 5, 5),
        ([Options::default(); 2], 255, 255),
    ] {
        let Some(mut stage) = Stage::new(makes, options) else {
            return;
        };
        stage.connect(requested);
        for role in Role::BOTH {
            stage.send(role, granted - 1, RELIABLE, b"last");
            assert!(!stage.try_send(role, granted, RELIABLE, b"beyond"));
        }
        stage.run_for(Duration::from_millis(100));
        for role in Role::BOTH {
            let events = stage.take_events(role);
            assert_eq!(events.len(), 1);
            assert_received(&events[0], granted - 1, RELIABLE, b"last");
        }
    }
}

pub(crate) fn slot_can_be_used_again_and_again(makes: [Make; 2]) {
    let one = Options {
        peer_count: 1,
        ..Options::default()
    };
    let Some(mut stage) = Stage::new(makes, [one; 2]) else {
        return;
    };
    for round in 0..12 {
        stage.connect(2);
        for role in Role::BOTH {
            stage.send(role, 0, RELIABLE, &payload(round, 2_000));
        }
        stage.run_for(Duration::from_millis(150));
        for role in Role::BOTH {
            assert_received(
                &stage.take_events(role)[0],
                0,
                RELIABLE,
                &payload(round, 2_000),
            );
        }
        let role = Role::BOTH[round % 2];
        let goodbye = [Goodbye::Disconnect, Goodbye::Now, Goodbye::Later][round % 3];
        stage.end(role, goodbye, 5);
        stage.run_for(Duration::from_millis(200));
        assert_eq!(
            stage.take_events(role.other()),
            [Seen::Disconnect { data: 5 }],
            "round {round}"
        );
        stage.take_events(role);
    }
}

pub(crate) fn limited_bandwidth_slows_but_delivers(makes: [Make; 2]) {
    let fast = Options {
        outgoing_bandwidth: 1_000_000,
        ..Options::default()
    };
    let slow = Options {
        incoming_bandwidth: 65_536,
        ..Options::default()
    };
    let Some(mut stage) = Stage::new(makes, [fast, slow]) else {
        return;
    };
    stage.connect(1);
    // Past the first bandwidth tick; the window is 4096 bytes for each round trip before and after it.
    stage.run_for(Duration::from_secs(2));
    let data = payload(3, 200_000);
    stage.send(Role::Client, 0, RELIABLE, &data);
    stage.run_for(Duration::from_millis(500));
    assert_eq!(
        stage.events(Role::Server),
        [],
        "200,000 bytes need at least 48 round trips"
    );
    stage.run_until("it arrives", |stage| !stage.events(Role::Server).is_empty());
    assert_received(&stage.take_events(Role::Server)[0], 0, RELIABLE, &data);
}

pub(crate) fn sequence_numbers_wrap(makes: [Make; 2]) {
    const PACKETS: u32 = 70_000;
    let Some(mut stage) = connected(makes, 2) else {
        return;
    };
    let kinds = [(0, RELIABLE), (1, UNSEQUENCED)];
    for first in (0..PACKETS).step_by(100) {
        for number in first..first + 100 {
            for (channel, flags) in kinds {
                stage.send(Role::Client, channel, flags, &number.to_be_bytes());
            }
        }
        stage.run_for(Duration::from_millis(5));
    }
    stage.run_until("everything arrives", |stage| {
        stage.events(Role::Server).len() >= 2 * PACKETS as usize
    });
    let events = stage.take_events(Role::Server);
    for (channel, flags) in kinds {
        let on_channel = events.iter().filter(
            |event| matches!(event, Seen::Receive { channel_id, .. } if *channel_id == channel),
        );
        let mut count = 0;
        for (event, number) in on_channel.zip(0_u32..) {
            assert_received(event, channel, flags, &number.to_be_bytes());
            count += 1;
        }
        assert_eq!(count, PACKETS);
    }
}
