//! The fast strategy: how loss is found and made good, what silence means, and what the throttle drops.

use super::*;
use crate::{DisconnectCause, Packet, PeerState, Recovery};

/// A pair whose round trip of 100 ms is well known.
fn measured(seed: u64) -> Pair {
    let mut pair = Setup::new(seed)
        .link(|link| link.delay(millis(50)))
        .connected();
    for _ in 0..50 {
        pair.client.send(0, Packet::reliable("measures"));
        pair.run_for(millis(20));
    }
    pair.run_until_idle();
    pair.server.events.clear();
    pair
}

/// How long, in ms, until the server has received `count` packets.
fn time_to_receive(pair: &mut Pair, count: usize) -> u128 {
    let start = pair.elapsed();
    while pair.server.received().len() < count {
        pair.run_for(millis(1));
        assert!(pair.elapsed() - start < millis(20_000), "it never arrives");
    }
    (pair.elapsed() - start).as_millis()
}

#[test]
fn loss_shows_in_the_acknowledgements_of_what_follows() {
    let mut pair = measured(1);
    // Round trips that varied keep the timeout out of this.
    pair.set_link(|link| link.jitter(millis(40)));
    for _ in 0..50 {
        pair.client.send(0, Packet::reliable("varies"));
        pair.run_for(millis(50));
    }
    pair.run_until_idle();
    pair.server.events.clear();
    pair.set_link(|link| link.jitter(millis(0)));
    pair.link_to_server().drop_next(1);
    pair.client.send(0, Packet::reliable("lost"));
    pair.run_for(millis(1));
    for _ in 0..3 {
        pair.client.send(0, Packet::reliable("arrives"));
        pair.run_for(millis(1));
    }
    assert!(
        pair.server.received().is_empty(),
        "the loss must have happened"
    );
    // A round trip and a bit until the gap is seen, and half of one for the second departure.
    assert!(time_to_receive(&mut pair, 4) <= 175);
}

#[test]
fn the_last_packet_is_sent_again_soon_after_its_acknowledgement_is_overdue() {
    let mut pair = measured(2);
    pair.link_to_server().drop_next(1);
    pair.client.send(0, Packet::reliable("lost"));
    assert!(time_to_receive(&mut pair, 1) <= 170);
}

#[test]
fn connection_carries_on_within_a_second_after_an_outage() {
    let mut pair = measured(3);
    pair.set_down(true);
    pair.client.send(0, Packet::reliable("waits"));
    pair.run_for(millis(4500));
    pair.set_down(false);
    assert!(time_to_receive(&mut pair, 1) <= 1100);
    assert_eq!(pair.client.state(), PeerState::Connected);
}

#[test]
fn acknowledgements_of_anything_keep_probes_frequent() {
    let mut pair = measured(4);
    pair.client.send(0, Packet::reliable(payload(1000)));
    pair.settle();
    pair.run_for(millis(300));
    // The same packet is lost five times in a row while others get through.
    for _ in 0..5 {
        pair.link_to_server().drop_next(1);
        pair.client.send(1, Packet::reliable("lost at first"));
        pair.run_for(millis(150));
    }
    assert!(time_to_receive(&mut pair, 6) <= 400);
}

#[test]
fn silent_peer_is_given_up_after_as_many_timeouts_as_enet_allows() {
    for (limit, minimum, maximum, from, to) in [
        (32, 5000, 30_000, 6000, 9000),
        (4, 1000, 30_000, 1000, 2200),
        (1 << 30, 1000, 3000, 3000, 4100),
        (1 << 30, 50_000, 50_000, 50_000, 51_100),
    ] {
        let mut pair = measured(5);
        let peer = pair.client.peer();
        pair.client.host.set_timeout(peer, limit, minimum, maximum);
        pair.set_down(true);
        pair.client.send(0, Packet::reliable("into the void"));
        let start = pair.elapsed();
        while pair.client.disconnects().is_empty() {
            pair.run_for(millis(10));
        }
        assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
        let silence = (pair.elapsed() - start).as_millis();
        assert!(
            (from..to).contains(&silence),
            "{silence} ms with {limit}, {minimum}, {maximum}"
        );
    }
}

#[test]
fn who_stood_still_does_not_take_it_for_the_silence_of_the_other() {
    for recovery in [Recovery::Vanilla, Recovery::Fast] {
        let setup = Setup::new(13).both(|config| config.recovery(recovery));
        let mut net = setup.net(1);
        net.connect_all();
        for _ in 0..50 {
            net.clients[0].send(0, Packet::reliable("measures"));
            net.run_for(millis(20));
        }
        net.run_until_idle();
        net.server.events.clear();
        net.link_to_server(0).drop_next(1);
        net.clients[0].send(0, Packet::reliable("lost"));
        net.run_for(millis(5));
        net.jump(millis(8000));
        net.run_until_idle();
        assert_eq!(net.clients[0].disconnects(), [], "{recovery:?}");
        assert_eq!(net.server.received(), [b"lost"]);
    }
}

#[test]
fn spread_acknowledgements_do_not_look_like_congestion_to_the_throttle() {
    let mut pair = Setup::new(6)
        .link(|link| link.delay(millis(20)).jitter(millis(16)))
        .connected();
    for number in 0..2000 {
        pair.client.send(0, Packet::unsequenced("state"));
        if number % 2 == 0 {
            pair.client.send(1, Packet::reliable("measures"));
        }
        pair.run_for(millis(10));
    }
    let statistics = pair.client.statistics();
    assert_eq!(statistics.packets_dropped_by_throttle, 0);
    assert_eq!(statistics.packets_dropped_by_bandwidth, 0);
}

#[test]
fn throttle_drops_are_counted_by_cause_and_none_happen_when_it_is_off() {
    for (enabled, bandwidth) in [(true, 0), (true, 20_000), (false, 0), (false, 20_000)] {
        let mut pair = Setup::new(7)
            .client(|config| config.throttle_enabled(enabled).bandwidth(0, bandwidth))
            .connected();
        pair.client
            .host
            .throttle_configure(pair.client.peer(), 1000, 8, 8);
        // Round trips grow all the time, and more is sent than we may.
        for step in 0..30 {
            let delay = millis(10 + 10 * step);
            pair.set_link(|link| link.delay(delay));
            for _ in 0..30 {
                pair.client.send(0, Packet::unsequenced(payload(1000)));
                pair.client.send(1, Packet::reliable("measures"));
                pair.run_for(millis(10));
            }
        }
        let statistics = pair.client.statistics();
        let (by_delay, by_bandwidth) = (
            statistics.packets_dropped_by_throttle,
            statistics.packets_dropped_by_bandwidth,
        );
        if bandwidth == 0 {
            assert_eq!((by_delay > 0, by_bandwidth), (enabled, 0));
        } else {
            assert_eq!(by_bandwidth > 0, enabled);
        }
        assert!(enabled || by_delay == 0);
    }
}

#[test]
fn rate_keeps_to_the_bandwidths_that_both_sides_name() {
    // ENet tells a sender that names no bandwidth that it may send without limit.
    for (outgoing, incoming) in [(200_000, 0), (400_000, 200_000)] {
        let mut pair = Setup::new(8)
            .client(|config| config.bandwidth(0, outgoing))
            .server(|config| config.bandwidth(incoming, 0))
            .connected();
        pair.client.send(0, Packet::reliable(payload(1_000_000)));
        let taken = time_to_receive(&mut pair, 1);
        assert!((4500..7000).contains(&taken), "{taken} ms");
    }
}

#[test]
fn small_packets_overtake_a_transfer_on_another_channel() {
    let mut pair = measured(9);
    pair.set_link(|link| link.rate_limit(1_000_000, 65_536));
    pair.client.send(0, Packet::reliable(payload(4_000_000)));
    pair.run_for(millis(1500));
    pair.client.send(1, Packet::reliable("first"));
    assert!(time_to_receive(&mut pair, 1) <= 110);
    assert_eq!(pair.server.received(), [b"first"]);
}

#[test]
fn goodbye_does_not_pay_for_the_silence_before_it() {
    let mut pair = measured(10);
    let peer = pair.client.peer();
    pair.client.host.set_timeout(peer, 1000, 60_000, 60_000);
    pair.set_down(true);
    pair.client.send(0, Packet::reliable("lost"));
    pair.run_for(millis(20_000));
    assert_eq!(pair.client.state(), PeerState::Connected);
    pair.client.host.disconnect(peer, 1);
    pair.run_for(millis(180_000));
    assert_eq!(pair.client.disconnects(), [(0, DisconnectCause::Timeout)]);
}

#[test]
fn no_timer_is_left_in_the_past_when_an_acknowledgement_shows_a_shorter_path() {
    let mut pair = Setup::plain(11)
        .link(|link| link.delay(millis(50)))
        .connected();
    pair.client.send(0, Packet::reliable("measures 100 ms"));
    pair.run_until_idle();
    pair.set_down(true);
    pair.client.send(0, Packet::reliable("lost"));
    pair.run_for(millis(17));
    let echo = pair.now().as_millis() as u16;
    pair.client.send(0, Packet::reliable("arrives"));
    pair.run_for(millis(50));
    // 67 ms after the loss: over 50 ms and a quarter of them, not yet over 50 ms and a quarter of 100 ms.
    let (now, server) = (pair.now(), pair.server.address);
    let acknowledgement = Raw::untimed(0).acknowledge(0, 3, echo).0;
    let host = &mut pair.client.host;
    host.handle_datagram(now, server, &acknowledgement);
    host.handle_timeout(now);
    let mut data = Vec::new();
    assert!(host.poll_transmit(now, &mut data).is_some(), "lost again");
    assert!(data.ends_with(b"lost"));
    assert_eq!(host.poll_transmit(now, &mut data), None);
    assert!(host.poll_timeout().is_some_and(|due| due > now));
}

#[test]
fn path_that_has_become_longer_is_learned_and_does_not_look_like_one_that_loses() {
    for was_busy in [false, true] {
        let mut pair = Setup::new(12).connected();
        if was_busy {
            pair.client.send(0, Packet::reliable(payload(1_000_000)));
            pair.run_for(millis(100));
        }
        pair.set_link(|link| link.delay(millis(50)).jitter(millis(2)));
        let stream = |pair: &mut Pair| {
            for _ in 0..300 {
                pair.client.send(0, Packet::reliable(payload(200)));
                pair.run_for(millis(50));
            }
            pair.link_to_server().statistics().bytes_sent
        };
        let (first, both) = (stream(&mut pair), stream(&mut pair));
        assert!(both - first < 300 * 240, "{} bytes", both - first);
        pair.run_until_idle();
        pair.server.events.clear();
        pair.client.send(0, Packet::reliable(payload(8 << 20)));
        let taken = time_to_receive(&mut pair, 1);
        assert!(taken < 2_000, "{taken} ms, busy before: {was_busy}");
    }
}

#[test]
fn a_path_that_becomes_twenty_times_narrower_is_not_drowned_for_long() {
    let mut pair = Setup::new(14)
        .link(|link| {
            link.delay(millis(50))
                .jitter(millis(2))
                .rate_limit(20_000_000, 400_000)
        })
        .connected();
    for _ in 0..800 {
        pair.client.send(0, Packet::reliable(payload(60_000)));
    }
    pair.run_for(millis(1500));
    let received = pair.server.received().len();
    assert!(received > 200, "{received} until then");
    pair.set_link(|link| link.rate_limit(1_000_000, 65_536));
    pair.run_for(millis(1000));
    let dropped = pair.link_to_server().statistics().queue_dropped;
    pair.run_for(millis(2000));
    let later = pair.link_to_server().statistics().queue_dropped - dropped;
    assert!(later < 100, "{later} datagrams dropped after a second");
    let received = pair.server.received().len() - received;
    assert!(received > 40, "{received} of the 50 that fit");
}

#[test]
fn a_transfer_over_a_short_path_with_a_narrow_link_does_not_overrun_its_queue() {
    // Bytes a second, bytes of queue, and one way in ms: the path itself holds less than a datagram.
    for (rate, queue, delay) in [
        (125_000, 16_384, 2),
        (100_000, 8192, 10),
        (1_250_000, 32_768, 1),
    ] {
        let mut pair = Setup::new(15)
            .link(|link| link.delay(millis(delay)).rate_limit(rate, queue))
            .connected();
        for _ in 0..30 * rate / 60_000 {
            pair.client.send(0, Packet::reliable(payload(60_000)));
        }
        let seen = |pair: &mut Pair| {
            let seen = pair.link_to_server().statistics();
            (seen.queue_dropped, seen.bytes_sent)
        };
        pair.run_for(millis(5000));
        let (dropped, sent) = seen(&mut pair);
        pair.run_for(millis(20_000));
        let (dropped, sent) = (seen(&mut pair).0 - dropped, seen(&mut pair).1 - sent);
        assert!(sent > rate * 18, "{sent} bytes in 20 s of {rate} a second");
        assert!(
            dropped * 20 < sent / 1400,
            "{dropped} dropped of {sent} bytes"
        );
    }
}

#[test]
fn small_packets_that_were_lost_do_not_wait_for_what_a_transfer_lost() {
    let mut pair = measured(16);
    pair.set_link(|link| link.rate_limit(20_000_000, 65_536));
    for _ in 0..1000 {
        pair.client.send(1, Packet::reliable(payload(60_000)));
    }
    pair.run_for(millis(1500));
    // Two megabytes are under way, and all of them are lost.
    pair.set_down(true);
    for _ in 0..40 {
        pair.client.send(0, Packet::reliable(payload(100)));
        pair.run_for(millis(5));
    }
    pair.set_link(|link| link.rate_limit(500_000, 65_536));
    pair.set_down(false);
    let start = pair.elapsed();
    let small = |pair: &Pair| {
        let packets = pair.server.packets();
        packets.filter(|(channel_id, _)| *channel_id == 0).count()
    };
    let before = small(&pair);
    while small(&pair) < before + 40 {
        pair.run_for(millis(1));
        assert!(pair.elapsed() - start < millis(20_000), "never");
    }
    let waited = (pair.elapsed() - start).as_millis();
    assert!(waited < 1000, "{waited} ms");
}

#[test]
fn a_transfer_over_a_path_that_reorders_much_does_not_crawl() {
    let mut pair = Setup::new(17)
        .link(|link| {
            link.delay(millis(40))
                .jitter(millis(40))
                .rate_limit(2_000_000, 262_144)
        })
        .connected();
    for _ in 0..300 {
        pair.client.send(0, Packet::reliable(payload(65_536)));
    }
    pair.run_for(millis(10_000));
    let received = pair.server.received().len();
    assert!(received > 80, "{received} of 65,536 bytes");
}
