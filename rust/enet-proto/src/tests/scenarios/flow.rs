//! What limits a sender: its window, the throttle, bandwidths, the MTU; and what keeps a silent connection alive.

use super::*;
use crate::{DisconnectCause, Packet, PeerState, Recovery, Time};

#[test]
fn reliable_bytes_in_transit_stay_within_the_window_of_the_vanilla_strategy() {
    let mut pair = Setup::new(1)
        .both(|config| config.recovery(Recovery::Vanilla))
        .connected();
    pair.client.send(0, Packet::reliable(payload(1 << 20)));
    let mut most = 0;
    while pair.server.received().is_empty() {
        pair.run_for(millis(1));
        most = most.max(pair.client.statistics().reliable_data_in_transit);
    }
    let window = pair.client.statistics().window_size;
    assert_eq!(window, 65_536);
    assert!(most <= window && most > window - 1392, "{most} of {window}");
}

#[test]
fn window_follows_the_bandwidths_of_both_sides() {
    for (outgoing, incoming, window) in [
        (0, 0, 65_536),
        (0, 200_000, 12_288),
        (200_000, 0, 12_288),
        (800_000, 200_000, 12_288),
        (1, 1, 4096),
    ] {
        // From clock 0 the first bandwidth tick comes after a second; it would tell unlimited peers that they are.
        let mut pair = Setup::new(2)
            .clock(Time::ZERO)
            .client(|config| config.bandwidth(0, outgoing))
            .server(|config| config.bandwidth(incoming, 0))
            .pair();
        pair.connect(7);
        pair.run_for(millis(100));
        assert_eq!(
            pair.client.statistics().window_size,
            window,
            "{outgoing} out, {incoming} in"
        );
        assert_eq!(pair.client.statistics().incoming_bandwidth, incoming);
        assert_eq!(pair.server.statistics().outgoing_bandwidth, outgoing);
    }
}

#[test]
fn changed_bandwidth_reaches_the_remote_at_the_next_tick() {
    let mut pair = Setup::new(3)
        .client(|config| config.bandwidth(0, 4_000_000))
        .connected();
    pair.run_for(millis(3000));
    pair.server.host.set_bandwidth(131_072, 0);
    pair.run_for(millis(1500));
    let seen = pair.client.statistics();
    assert_eq!((seen.incoming_bandwidth, seen.window_size), (131_072, 8192));
}

#[test]
fn peers_share_the_hosts_incoming_bandwidth() {
    let mut net = Setup::new(4)
        .server(|config| config.bandwidth(300_000, 0))
        .net(3);
    for client in &mut net.clients {
        client.host.set_bandwidth(0, 10_000_000);
    }
    net.connect_all();
    net.run_for(millis(2500));
    for client in &net.clients {
        assert_eq!(client.statistics().incoming_bandwidth, 100_000);
    }
}

#[test]
fn throttle_drops_unreliable_packets_when_the_round_trip_worsens_and_recovers() {
    let mut pair = Pair::connected(5);
    let client = pair.client.peer();
    pair.client.host.throttle_configure(client, 1000, 8, 8);
    let share = |pair: &mut Pair, seconds: u32| {
        pair.server.events.clear();
        for number in 0..seconds * 100 {
            pair.client.send(0, Packet::unsequenced("tick"));
            if number % 10 == 0 {
                pair.client.send(1, Packet::reliable("measures"));
            }
            pair.run_for(millis(10));
        }
        let unsequenced = pair
            .server
            .received()
            .iter()
            .filter(|data| **data == b"tick")
            .count();
        unsequenced as f64 / f64::from(seconds * 100)
    };
    assert!(share(&mut pair, 5) > 0.99);
    // Each round trip is worse than the one before: 20 ms more every half second.
    let mut worst = 1.0_f64;
    for step in 1..10 {
        let delay = millis(10 + 20 * step);
        pair.set_link(|link| link.delay(delay));
        worst = worst.min(share(&mut pair, 1));
    }
    assert!(worst < 0.9, "the throttle must have dropped some: {worst}");
    pair.set_link(|link| link.delay(millis(10)));
    share(&mut pair, 5);
    assert!(share(&mut pair, 5) > 0.99, "it recovers with the link");
    assert_eq!(pair.client.statistics().packet_throttle, 32);
}

#[test]
fn throttle_settings_reach_the_remote() {
    let mut pair = Pair::connected(6);
    pair.client
        .host
        .throttle_configure(pair.client.peer(), 1234, 3, 4);
    pair.run_until_idle();
    for node in [&pair.client, &pair.server] {
        let seen = node.statistics();
        let settings = (
            seen.packet_throttle_interval,
            seen.packet_throttle_acceleration,
            seen.packet_throttle_deceleration,
        );
        assert_eq!(settings, (1234, 3, 4));
    }
}

#[test]
fn who_joins_a_host_without_a_throttle_is_asked_to_drop_nothing_either() {
    for (enabled, deceleration) in [(true, 2), (false, 0)] {
        let mut pair = Setup::new(61)
            .client(|config| config.recovery(Recovery::Vanilla))
            .server(|config| config.throttle_enabled(enabled))
            .pair();
        pair.connect(0);
        pair.run_until_idle();
        let client = pair.client.statistics();
        assert_eq!(client.packet_throttle_deceleration, deceleration);
        let server = pair.server.statistics();
        assert_eq!(
            server.packet_throttle_deceleration, 2,
            "our own rests as it is"
        );
    }
}

#[test]
fn smaller_mtu_of_the_two_bounds_every_datagram() {
    for (client, server, mtu) in [
        (1392, 1392, 1392),
        (576, 4096, 576),
        (4096, 900, 900),
        (1, 9000, 576),
    ] {
        let mut pair = Setup::new(7)
            .client(|config| config.mtu(client))
            .server(|config| config.mtu(server))
            .connected();
        assert_eq!(
            (pair.client.statistics().mtu, pair.server.statistics().mtu),
            (mtu, mtu)
        );
        pair.record();
        for node in [&mut pair.client, &mut pair.server] {
            for len in [3, 800, 30_000] {
                node.send(0, Packet::reliable(payload(len)));
                node.send(1, Packet::unreliable(payload(len)));
            }
        }
        pair.run_until_idle();
        let longest = pair
            .record()
            .iter()
            .map(|datagram| datagram.data.len())
            .max()
            .unwrap();
        assert!(
            longest <= mtu as usize && longest > mtu as usize - 40,
            "{longest} of {mtu}"
        );
        assert_eq!(
            (pair.client.received().len(), pair.server.received().len()),
            (6, 6)
        );
    }
}

#[test]
fn small_packets_of_one_moment_share_datagrams() {
    let mut pair = Pair::connected(8);
    pair.record();
    for data in numbered(100) {
        pair.client.send(0, Packet::reliable(data));
    }
    pair.settle();
    let sent = pair.record();
    assert_eq!(sent.len(), 4, "32 commands at most in each");
}

#[test]
fn idle_connection_is_pinged_at_its_interval_and_not_more_often() {
    let mut pair = Pair::connected(9);
    pair.run_for(millis(5000));
    let before = pair.link_to_server().statistics().sent;
    pair.run_for(millis(60_000));
    let sent = pair.link_to_server().statistics().sent - before;
    // A ping of ours and the acknowledgement of theirs, each half second at most.
    assert!((200..=240).contains(&sent), "{sent} datagrams in a minute");

    pair.client.host.set_ping_interval(pair.client.peer(), 5000);
    pair.server.host.set_ping_interval(pair.server.peer(), 5000);
    pair.run_for(millis(5000));
    let before = pair.link_to_server().statistics().sent;
    pair.run_for(millis(60_000));
    let sent = pair.link_to_server().statistics().sent - before;
    assert!((20..=24).contains(&sent), "{sent} datagrams in a minute");
}

#[test]
fn explicit_ping_measures_at_once() {
    let mut pair = Pair::connected(10);
    pair.record();
    pair.client.host.ping(pair.client.peer());
    pair.settle();
    let sent = pair.record();
    assert_eq!((sent.len(), sent[0].data[4]), (1, 0x85));
}

#[test]
fn round_trip_time_is_that_of_the_link() {
    let mut pair = Setup::new(11)
        .link(|link| link.delay(millis(40)))
        .connected();
    pair.run_for(millis(20_000));
    for node in [&pair.client, &pair.server] {
        let seen = node.statistics();
        assert_eq!((seen.round_trip_time, seen.packet_loss), (80, 0));
        // Below 4 the integer arithmetic of ENet lets it fall no further.
        assert_eq!(seen.round_trip_time_variance, 3);
    }
}

#[test]
fn idle_connection_outlives_a_bad_link() {
    let mut pair = Setup::new(12).link(|link| link.loss(0.1)).connected();
    pair.run_for(millis(600_000));
    assert_eq!(
        (pair.client.state(), pair.server.state()),
        (PeerState::Connected, PeerState::Connected)
    );
    let loss = f64::from(pair.client.statistics().packet_loss) / 65_536.0;
    assert!(
        (0.08..0.35).contains(&loss),
        "a round trip is lost with probability 0.19, measured {loss}"
    );
}

#[test]
fn silent_peer_is_given_up_within_the_limits_that_were_set() {
    for (limit, minimum, maximum, earliest, latest) in [
        (0, 0, 0, 5_000, 30_500),
        (4, 500, 60_000, 500, 4_000),
        (0, 1000, 2000, 1_000, 4_500),
    ] {
        let mut pair = Pair::connected(13);
        pair.client
            .host
            .set_timeout(pair.client.peer(), limit, minimum, maximum);
        pair.set_down(true);
        let start = pair.elapsed();
        while pair.client.disconnects().is_empty() {
            pair.run_for(millis(10));
        }
        let silence = (pair.elapsed() - start).as_millis();
        assert!(
            (earliest..latest).contains(&silence),
            "limit {limit}: after {silence} ms"
        );
        assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
    }
}

#[test]
fn outage_of_two_seconds_loses_nothing() {
    let mut pair = Pair::connected(14);
    for (index, data) in numbered(400).into_iter().enumerate() {
        if index == 100 {
            pair.set_down(true);
        }
        if index == 200 {
            pair.set_down(false);
        }
        pair.client.send(0, Packet::reliable(data));
        pair.run_for(millis(20));
    }
    pair.run_until_idle();
    assert_eq!(
        numbers(&pair.server.received()),
        (0..400).collect::<Vec<_>>()
    );
}

#[test]
fn slow_link_is_filled_and_not_given_up() {
    let mut pair = Setup::new(15)
        .link(|link| link.rate_limit(500_000, 100_000))
        .connected();
    pair.client.send(0, Packet::reliable(payload(1_000_000)));
    let start = pair.elapsed();
    pair.run_until_idle();
    assert!(pair.server.received() == [payload(1_000_000)]);
    let seconds = (pair.elapsed() - start).as_secs_f64();
    assert!(
        (2.0..10.0).contains(&seconds),
        "1 MB at 500 kB/s took {seconds} s"
    );
}
