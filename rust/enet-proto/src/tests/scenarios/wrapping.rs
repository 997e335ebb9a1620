//! Sequence numbers and clocks around their wraps.

use super::*;
use crate::{Packet, PacketFlags, PeerState, Time};

/// Sends `count` numbered packets, some at a time, and returns the numbers received.
fn stream(pair: &mut Pair, count: u32, kind: PacketFlags) -> Vec<u32> {
    for (index, data) in numbered(count).into_iter().enumerate() {
        pair.client.send(0, Packet::new(data, kind));
        if index % 500 == 499 {
            pair.run_for(millis(5));
        }
    }
    pair.run_until_idle();
    numbers(&pair.server.received())
}

#[test]
fn reliable_numbers_wrap() {
    let mut pair = Pair::connected(1);
    assert!(
        stream(&mut pair, 140_000, PacketFlags::RELIABLE)
            .into_iter()
            .eq(0..140_000)
    );
}

#[test]
fn reliable_numbers_wrap_under_loss() {
    let mut pair = Setup::new(2)
        .link(|link| link.loss(0.05).jitter(millis(3)))
        .connected();
    assert!(
        stream(&mut pair, 70_000, PacketFlags::RELIABLE)
            .into_iter()
            .eq(0..70_000)
    );
}

#[test]
fn fragmented_message_may_straddle_the_wrap() {
    let mut pair = Pair::connected(3);
    stream(&mut pair, 65_530, PacketFlags::RELIABLE);
    pair.server.events.clear();
    for len in [30_000, 5, 3_000] {
        pair.client.send(0, Packet::reliable(payload(len)));
    }
    pair.run_until_idle();
    assert!(pair.server.received() == [payload(30_000), payload(5), payload(3_000)]);
}

#[test]
fn unreliable_number_never_wraps_one_packet_goes_reliably_instead() {
    let mut pair = Pair::connected(4);
    let received = stream(&mut pair, 65_600, PacketFlags::UNRELIABLE_FRAGMENT);
    assert!(received.into_iter().eq(0..65_600));
    let flags = pair.server.received_flags();
    let reliable: Vec<_> = (0..flags.len())
        .filter(|&index| flags[index] == PacketFlags::RELIABLE)
        .collect();
    assert_eq!(
        reliable,
        [65_535],
        "the packet after number 65535 opens a new epoch"
    );
}

#[test]
fn large_unreliable_packet_at_the_end_of_the_numbers_goes_reliably() {
    let mut pair = Pair::connected(5);
    stream(&mut pair, 65_535, PacketFlags::UNRELIABLE_FRAGMENT);
    pair.client.send(0, Packet::unreliable(payload(5000)));
    pair.run_until_idle();
    assert_eq!(
        pair.server.received_flags().last(),
        Some(&PacketFlags::RELIABLE)
    );
    assert_eq!(pair.server.received().last().unwrap(), &payload(5000));
}

#[test]
fn unsequenced_groups_wrap() {
    let mut pair = Pair::connected(6);
    assert!(
        stream(&mut pair, 140_000, PacketFlags::UNSEQUENCED)
            .into_iter()
            .eq(0..140_000)
    );
}

#[test]
fn control_numbers_wrap() {
    let mut pair = Pair::connected(7);
    for _ in 0..700 {
        for _ in 0..100 {
            pair.client.host.ping(pair.client.peer());
        }
        pair.run_for(millis(25));
    }
    pair.run_until_idle();
    pair.client.host.disconnect(pair.client.peer(), 5);
    pair.run_until_idle();
    assert_eq!(pair.server.disconnects().len(), 1);
    assert_eq!(
        pair.client.disconnects(),
        [(0, crate::DisconnectCause::Local)]
    );
}

#[test]
fn clock_wraps_change_nothing() {
    for (name, wrap) in [
        ("16 bits", 1 << 16),
        ("sign of 16 bits", 1 << 15),
        ("32 bits", 1 << 32),
        ("sign of 32 bits", 1 << 31),
    ] {
        let start = Time::from_millis(wrap - 3_000);
        let mut pair = Setup::new(8)
            .clock(start)
            .link(|link| link.loss(0.1))
            .connected();
        for data in numbered(600) {
            pair.client.send(0, Packet::reliable(data.clone()));
            pair.server.send(1, Packet::unreliable(data));
            pair.run_for(millis(10));
        }
        pair.run_until_idle();
        assert_eq!(
            numbers(&pair.server.received()),
            (0..600).collect::<Vec<_>>(),
            "{name}"
        );
        let seen = pair.client.statistics();
        assert!(
            (20..200).contains(&seen.round_trip_time),
            "{name}: {} ms",
            seen.round_trip_time
        );
        pair.set_down(true);
        pair.run_for(millis(40_000));
        assert_eq!(
            (pair.client.state(), pair.server.state()),
            (PeerState::Disconnected, PeerState::Disconnected),
            "{name}"
        );
    }
}

#[test]
fn idle_connection_survives_the_wraps() {
    for wrap in [1 << 16, 1 << 32] {
        let mut pair = Setup::new(9)
            .clock(Time::from_millis(wrap - 30_000))
            .connected();
        pair.run_for(millis(60_000));
        assert_eq!(
            (pair.client.state(), pair.server.state()),
            (PeerState::Connected, PeerState::Connected)
        );
        assert_eq!(pair.client.statistics().round_trip_time, 20);
    }
}

#[test]
fn silence_across_the_wrap_takes_as_long_as_any_other() {
    let silence = |start| {
        let mut pair = Setup::new(10).clock(start).connected();
        pair.set_down(true);
        while pair.client.disconnects().is_empty() {
            pair.run_for(millis(1));
        }
        pair.elapsed()
    };
    let usual = silence(Time::from_millis(10_000));
    assert_eq!(silence(Time::from_millis((1 << 32) - 4_000)), usual);
    assert_eq!(silence(Time::from_millis((1 << 16) - 4_000)), usual);
}

#[test]
fn connection_made_at_clock_zero_works() {
    let mut pair = Setup::new(11).clock(Time::ZERO).connected();
    pair.client.send(0, Packet::reliable("hi"));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [b"hi"]);
}
