//! What strangers can and cannot do: blind handshakes, floods, reflection, joins over the limits, bans.
//!
//! Where a test plays the same against a host with `vanilla_quirks`, that is C ENet's own behaviour, which the recordings
//! confirm.

use std::net::SocketAddr;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::{
    DisconnectCause, DropCause, Event, Host, HostConfig, Limits, PeerState, Prefix, Reason, Time,
};

pub(super) const START: Time = Time::from_millis(1000);

/// A server for 4095 whose answers nobody can read.
fn server(quirks: bool) -> Host {
    Host::new(config(4095, 77).vanilla_quirks(quirks))
}

pub(super) fn address(index: u32) -> SocketAddr {
    let [_, a, b, c] = index.to_be_bytes();
    SocketAddr::from(([10, a, b, c], 9000))
}

pub(super) fn connect(index: u32) -> Vec<u8> {
    let connect = RawConnect {
        connect_id: index.to_be_bytes(),
        ..RawConnect::default()
    };
    connect.datagram()
}

/// What the server has to send now.
pub(super) fn answers(host: &mut Host, now: Time) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut buffer = Vec::new();
    std::iter::from_fn(|| {
        let transmit = host.poll_transmit(now, &mut buffer)?;
        Some((transmit.to, buffer.clone()))
    })
    .collect()
}

/// The acknowledgement that a client gives to a VERIFY_CONNECT.
pub(super) fn acknowledgement(answer: &[u8]) -> Raw {
    let field = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
    let (session, label) = (u16::from(answer[11]), field(8));
    Raw::untimed(session << 12 | label).acknowledge(0xFF, field(6), field(2))
}

pub(super) fn connects(host: &mut Host) -> usize {
    std::iter::from_fn(|| host.poll_event())
        .filter(|event| matches!(event, Event::Connect { .. }))
        .count()
}

#[test]
fn none_of_10000_blind_handshakes_succeeds_11_3() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut server = server(false);
    for index in 0..10_000 {
        let (victim, now) = (address(index), START + millis(index.into()));
        server.handle_datagram(now, victim, &connect(index));
        let [answer] = &answers(&mut server, now)[..] else {
            panic!("a CONNECT is answered once");
        };
        // As much as can be known: near the true time, number 1 as ENet's; then anything.
        let mut guess = |mask: u32| (rng.next_u32() & mask) as u16;
        let (label, number) = (
            guess(0x3FFF),
            if index % 2 == 0 { 1 } else { guess(0xFFFF) },
        );
        let blind = Raw::untimed(label).acknowledge(0xFF, number, guess(0xFFFF));
        server.handle_datagram(now, victim, &blind.0);
        assert_eq!(connects(&mut server), 0, "attempt {index}");
        // With the answer in hand it is another thing.
        if index % 1000 == 0 {
            server.handle_datagram(now, victim, &acknowledgement(&answer.1).0);
            assert_eq!(connects(&mut server), 1);
        }
    }
}

#[test]
fn a_blind_handshake_with_c_enet_succeeds_at_once_11_3() {
    let mut server = server(true);
    server.handle_datagram(START, address(1), &connect(1));
    let _unread = answers(&mut server, START);
    let blind = Raw::untimed(0).acknowledge(0xFF, 1, 1000);
    server.handle_datagram(START, address(1), &blind.0);
    assert_eq!(connects(&mut server), 1);
}

#[test]
fn each_of_the_four_values_must_come_back_11_3() {
    for wrong in 0..=4 {
        let mut server = server(false);
        server.handle_datagram(START, address(1), &connect(1));
        let answer = answers(&mut server, START).remove(0).1;
        let mut proof = acknowledgement(&answer).0;
        match wrong {
            1 => proof[1] ^= 1,    // label
            2 => proof[0] ^= 0x10, // session
            3 => proof[7] ^= 1,    // number
            4 => proof[9] ^= 1,    // sent time
            _ => {}
        }
        server.handle_datagram(START, address(1), &proof);
        assert_eq!(connects(&mut server), usize::from(wrong == 0), "{wrong}");
        assert_eq!(server.peer_count(), usize::from(wrong == 0), "{wrong}");
    }
}

#[test]
fn connects_from_forged_addresses_take_no_slot_11_1() {
    for (quirks, slots) in [(true, 4095), (false, 0)] {
        let mut server = server(quirks);
        // 10,000 a second: no more attempts may begin.
        for index in 0..50_000 {
            let now = START + Duration::from_micros(100 * u64::from(index));
            server.handle_datagram(now, address(index), &connect(index));
            answers(&mut server, now);
        }
        let now = START + millis(5000);
        assert_eq!(server.peer_count(), slots);
        if quirks {
            continue;
        }
        let seen = server.statistics();
        assert_eq!(seen.half_open, 16_384);
        assert_eq!(seen.dropped(DropCause::HalfOpenEvicted), 50_000 - 16_384);
        // A client whose answer takes as long as 2000 more CONNECTs still gets in.
        server.handle_datagram(now, address(1 << 20), &connect(0));
        let answer = answers(&mut server, now).remove(0).1;
        for index in 60_000..62_000 {
            server.handle_datagram(now, address(index), &connect(index));
        }
        let proof = acknowledgement(&answer);
        server.handle_datagram(now, address(1 << 20), &proof.0);
        assert_eq!(connects(&mut server), 1);
        server.handle_timeout(now + millis(7000));
        assert_eq!(server.statistics().half_open, 0);
    }
}

#[test]
fn a_flood_does_not_keep_a_newcomer_out_who_repeats_his_connect_11_1() {
    const PER_MILLI: u32 = 300;
    let mut server = server(false);
    let newcomer = address(1 << 23);
    let mut answered_at = None;
    let mut sent = 0;
    for milli in 0..2000_u32 {
        let now = START + millis(milli.into());
        for index in milli * PER_MILLI..(milli + 1) * PER_MILLI {
            server.handle_datagram(now, address(index), &connect(index));
        }
        // As a client of C ENet does.
        if [600, 1100].contains(&milli) {
            server.handle_datagram(now, newcomer, &connect(1 << 23));
        }
        server.handle_timeout(now);
        for (to, answer) in answers(&mut server, now) {
            sent += 1;
            if to == newcomer && answered_at.is_none() {
                answered_at = Some(milli);
                let proof = acknowledgement(&answer);
                // A round trip later.
                for index in (1 << 22)..(1 << 22) + 100 * PER_MILLI {
                    server.handle_datagram(now, address(index), &connect(index));
                }
                server.handle_datagram(now, to, &proof.0);
            }
        }
    }
    assert_eq!(answered_at, Some(1100));
    assert_eq!(connects(&mut server), 1);
    // At most the burst, the rate of first CONNECTs, and that of the few that the filter took for repeated ones.
    assert!((30_000..45_000).contains(&sent), "{sent}");
    let seen = server.statistics();
    assert!(seen.dropped(DropCause::ConnectCrowded) > 500_000);
    assert!(seen.half_open <= 16_384);
}

#[test]
fn a_newcomer_from_a_flooding_address_gets_in_11_1() {
    let mut server = server(false);
    let of_port = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
    let flood = |server: &mut Host, ports: std::ops::Range<u16>| {
        for port in ports {
            server.handle_datagram(START, of_port(port), &connect(port.into()));
            answers(server, START);
        }
    };
    flood(&mut server, 1..30_000);
    assert_eq!(server.statistics().half_open, 4096);
    // Too many have begun by now: it is heard when it asks again.
    let again = START + millis(500);
    server.handle_datagram(START, of_port(60_000), &connect(7));
    assert!(answers(&mut server, START).is_empty());
    flood(&mut server, 30_000..40_000);
    server.handle_datagram(again, of_port(60_000), &connect(7));
    let answer = answers(&mut server, again).remove(0).1;
    flood(&mut server, 40_000..40_100);
    server.handle_datagram(again, of_port(60_000), &acknowledgement(&answer).0);
    assert_eq!(connects(&mut server), 1);
}

#[test]
fn one_address_and_port_has_16_attempts_at_most_11_3() {
    let mut server = server(false);
    for index in 0..100 {
        let now = START + millis(index.into());
        server.handle_datagram(now, address(1), &connect(index));
        let answers = answers(&mut server, now);
        // The newest stay: whoever connects often in a row is not kept out.
        if index >= 84 {
            let proof = acknowledgement(&answers[0].1);
            assert_eq!(server.statistics().half_open, 16);
            server.handle_datagram(now, address(1), &proof.0);
            assert_eq!(connects(&mut server), 1);
            server.handle_datagram(now, address(1), &connect(1000 + index));
        }
    }
    let seen = server.statistics();
    assert_eq!((seen.half_open, server.peer_count()), (16, 16));
    assert_eq!(seen.dropped(DropCause::HalfOpenEvicted), 100 - 16);
}

/// Bytes that an address gets for one CONNECT of each of `attempts`, and for a copy every 10 ms, for 10 s.
fn reflected(quirks: bool, mut server: Host, attempts: u32, copies: bool) -> (usize, usize) {
    let (mut received, mut sent) = (0, 0);
    for step in 0..1000 {
        let now = START + millis(step * 10);
        server.handle_timeout(now);
        if step == 0 || copies {
            for attempt in 0..attempts {
                server.handle_datagram(now, address(1), &connect(attempt));
                received += connect(attempt).len();
            }
        }
        sent += answers(&mut server, now)
            .iter()
            .map(|(_, data)| data.len())
            .sum::<usize>();
        assert!(quirks || sent <= received);
    }
    (received, sent)
}

#[test]
fn an_address_gets_no_more_than_came_from_it_and_two_answers_a_second_to_an_attempt_11_2() {
    assert_eq!(
        reflected(true, server(true), 1, false),
        (52, 5 * 48),
        "C ENet repeats itself"
    );
    assert_eq!(reflected(false, server(false), 1, false), (52, 48));
    assert_eq!(reflected(false, server(false), 1, true), (52_000, 20 * 48));
    assert_eq!(
        reflected(false, server(false), 2, true),
        (104_000, 2 * 20 * 48)
    );
}

/// A server that tells whoever is at `address(1)` that he is banned.
fn refusing(refusals: u32) -> Host {
    let limits = Limits {
        refusals,
        ..Limits::default()
    };
    let mut server = Host::new(config(4095, 77).limits(limits));
    server.ban(Time::ZERO, address(1).ip().into(), None, Some(1));
    server
}

#[test]
fn a_refusal_answers_each_connect_by_less_and_all_within_their_rate_11_2() {
    assert_eq!(
        reflected(false, refusing(10_000), 1, true),
        (52_000, 1000 * 10)
    );
    // Ten at once, then ten a second for 10 s but the last 10 ms.
    assert_eq!(
        reflected(false, refusing(10), 1, true),
        (52_000, (10 + 99) * 10)
    );
}

#[test]
fn a_lost_acknowledgement_is_repaired_by_a_ping_that_proves_as_much() {
    let mut pair = Setup::new(5).pair();
    pair.connect(9);
    pair.run_for(millis(15));
    pair.link_to_server().drop_next(1);
    pair.run_for(millis(5));
    assert_eq!(pair.client.state(), PeerState::Connected);
    pair.run_for(millis(400));
    assert!(pair.server.connects().is_empty());
    pair.run_for(millis(200));
    assert_eq!(pair.server.connects(), [9]);
    let seen = pair.server.host.statistics();
    assert!(seen.unproven_bytes_sent <= seen.unproven_bytes_received);
}

/// Whoever reads his VERIFY_CONNECT may ask for reminders, each of 8 bytes, by a shorter PING without a sent time.
#[test]
fn reminders_are_no_more_bytes_than_the_pings_that_ask_for_them_11_2() {
    const PINGS: usize = 120;
    let (mut server, stranger) = (server(false), address(1));
    let connect = connect(1);
    server.handle_datagram(START, stranger, &connect);
    let verify = answers(&mut server, START).remove(0).1;
    let (session, label) = (
        u16::from(verify[11]),
        u16::from_be_bytes([verify[8], verify[9]]),
    );
    let ping = Raw::untimed(session << 12 | label).command(0x05, 0xFF, 0, &[]);
    let (mut received, mut sent) = (connect.len(), verify.len());
    // As often as an attempt is answered at most.
    for now in (1..).map(|step| START + millis(500 * step)).take(PINGS) {
        server.handle_datagram(now, stranger, &ping.0);
        server.handle_timeout(now);
        received += ping.0.len();
        sent += answers(&mut server, now)
            .iter()
            .map(|(_, data)| data.len())
            .sum::<usize>();
        assert!(sent <= received, "{sent} bytes for {received}");
    }
    // Nearly as many: what held them back is that alone.
    assert!(sent + 8 > received, "{sent} bytes for {received}");
    let seen = server.statistics();
    assert_eq!(
        (seen.unproven_bytes_received, seen.unproven_bytes_sent),
        (received as u64, sent as u64)
    );
}

#[test]
fn the_first_round_trip_counts_from_the_true_time() {
    for seed in 0..50 {
        let mut pair = Setup::new(seed).pair();
        pair.connect(1);
        pair.run_for(millis(31));
        assert_eq!(pair.server.statistics().round_trip_time, 20, "seed {seed}");
    }
}

#[test]
fn a_thousand_clients_of_one_address_connect_at_once() {
    let mut net = Setup::new(6).server(|_| config(4095, 3)).net(1000);
    for client in 0..1000 {
        net.connect(client, client as u32);
    }
    // CONNECT, VERIFY_CONNECT, acknowledgement: 10 ms each.
    net.run_for(millis(31));
    assert_eq!(net.server.connects().len(), 1000);
    assert!(net.clients.iter().all(|client| client.connects() == [0]));
}

/// Those who ask at the same time are told numbers of their own as long as there are any.
#[test]
fn the_last_numbers_are_enough_for_a_crowd() {
    const CROWD: u32 = 195;
    let mut server = server(false);
    let all: Vec<u32> = (0..4095).collect();
    for crowd in all.chunks(CROWD as usize) {
        for &index in crowd {
            server.handle_datagram(START, address(index), &connect(index));
        }
        let all = answers(&mut server, START);
        // Those who are in already hear of other things.
        let challenges = all.iter().filter(|(_, answer)| answer.len() == 48);
        for (to, answer) in challenges {
            server.handle_datagram(START, *to, &acknowledgement(answer).0);
        }
    }
    assert_eq!(connects(&mut server), 4095);
}

#[test]
fn who_joins_too_often_waits_and_all_others_do_not() {
    let limits = Limits {
        join_burst_per_source: 3,
        joins_per_source: 1,
        ..Limits::default()
    };
    let mut server = Host::new(config(100, 4).limits(limits));
    let mut join = |now: Time, host: [u8; 4], port: u16| {
        let from = SocketAddr::from((host, port));
        server.handle_datagram(now, from, &connect(port.into()));
        let answers = answers(&mut server, now);
        let verify = answers
            .iter()
            .find(|(to, data)| *to == from && data.len() == 48)?;
        server.handle_datagram(now, from, &acknowledgement(&verify.1).0);
        Some(())
    };
    let joined = |joins: Vec<Option<()>>| joins.into_iter().flatten().count();
    assert_eq!(
        joined(
            (1..=10)
                .map(|port| join(START, [10, 0, 0, 1], port))
                .collect()
        ),
        3
    );
    assert_eq!(
        joined(
            (1..=2)
                .map(|port| join(START, [10, 0, 0, 2], port))
                .collect()
        ),
        2
    );
    let later = START + millis(2000);
    assert_eq!(
        joined(
            (11..=20)
                .map(|port| join(later, [10, 0, 0, 1], port))
                .collect()
        ),
        2
    );
    assert_eq!(
        server.statistics().dropped(DropCause::ConnectLimited),
        7 + 8
    );
}

/// How many of `count` remotes of one source get in whose CONNECTs all come before the first proof.
fn get_in_at_once(limits: Limits, count: u16) -> (usize, Vec<Vec<u8>>) {
    let mut server = Host::new(config(100, 4).limits(limits));
    let of_port = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
    for port in 1..=count {
        server.handle_datagram(START, of_port(port), &connect(port.into()));
    }
    let answers_to_all = answers(&mut server, START);
    assert_eq!(answers_to_all.len(), usize::from(count));
    for (to, answer) in answers_to_all {
        server.handle_datagram(START, to, &acknowledgement(&answer).0);
    }
    let dismissals = answers(&mut server, START).into_iter().map(|(_, it)| it);
    (connects(&mut server), dismissals.collect())
}

#[test]
fn the_rates_of_joining_hold_for_those_who_asked_before_anybody_joined() {
    let of_source = Limits {
        join_burst_per_source: 3,
        ..Limits::default()
    };
    let of_all = Limits {
        join_burst: 3,
        ..Limits::default()
    };
    for limits in [of_source, of_all] {
        let (joined, dismissals) = get_in_at_once(limits, 10);
        assert_eq!((joined, dismissals.len()), (3, 7));
        let reason = Reason::TooMany.to_data().to_be_bytes();
        assert!(dismissals.iter().all(|it| it.ends_with(&reason)));
    }
}

#[test]
fn a_limit_of_zero_lets_everybody_in() {
    let none = Limits {
        joins: 0,
        joins_per_source: 0,
        ..Limits::default()
    };
    let no_burst = Limits {
        join_burst: 0,
        join_burst_per_source: 0,
        ..Limits::default()
    };
    for limits in [none, no_burst] {
        assert_eq!(get_in_at_once(limits, 10), (10, Vec::new()));
    }
}

#[test]
fn a_banned_address_is_told_or_not_until_the_ban_ends() {
    let mut pair = Setup::new(7).pair();
    let prefix: Prefix = "10.0.0.0/24".parse().unwrap();
    let (now, banned) = (pair.now(), Reason::Banned.to_data());
    let span = Some(std::time::Duration::from_secs(60));
    pair.server.host.ban(now, prefix, span, Some(banned));
    pair.connect(1);
    pair.run_for(millis(20));
    assert_eq!(
        pair.client.disconnects(),
        [(banned, DisconnectCause::Refused)]
    );
    assert_eq!(pair.server.host.bans(now).len(), 1);
    pair.server.host.ban(now, prefix, span, None);
    pair.connect(2);
    pair.run_for(millis(1000));
    assert_eq!(pair.client.state(), PeerState::Connecting);
    pair.run_for(millis(63_000));
    pair.connect(3);
    pair.run_until_idle();
    assert_eq!(pair.server.connects(), [3]);
    assert!(!pair.server.host.unban("10.0.0.0/8".parse().unwrap()));
    let now = pair.now();
    pair.server.host.ban(now, prefix, None, None);
    assert!(pair.server.host.unban(prefix));
    assert_eq!(pair.server.host.bans(now), []);
}

#[test]
fn a_label_is_not_used_again_soon_and_says_nothing_of_the_next() {
    let mut pair = Setup::new(8).pair();
    let mut labels = std::collections::HashSet::new();
    for round in 0..300 {
        pair.record();
        pair.connect(round);
        pair.run_until_idle();
        let sent = pair.record();
        let verify = sent
            .iter()
            .find(|it| it.data.len() == 48)
            .expect("answered");
        let label = u16::from_be_bytes([verify.data[8], verify.data[9]]);
        assert!(labels.insert(label), "label {label} in round {round}");
        pair.client.host.disconnect_now(pair.client.peer(), 0);
        pair.run_until_idle();
    }
    assert!(labels.iter().filter(|&&label| label < 300).count() < 100);
}

/// A server with one client, and how many acknowledgements it gives to one datagram of 1000 PINGs.
fn acknowledgements(quirks: bool) -> usize {
    let mut pair = Setup::plain(9)
        .server(|config: HostConfig| config.vanilla_quirks(quirks))
        .connected();
    pair.record();
    let pings = (0..1000).fold(Raw::timed(0, 1000), |raw, _| {
        raw.command(0x85, 0xFF, 2, &[])
    });
    pair.inject(pair.client.address, &pings.0);
    let bytes: usize = pair.record().iter().map(|it| it.data.len() - 2).sum();
    bytes / 8
}

#[test]
fn one_datagram_brings_64_acknowledgements_at_most_11_8() {
    assert_eq!(acknowledgements(true), 1000);
    assert_eq!(acknowledgements(false), 64);
}
