//! Garbage thrown at both ends of a connection: random bytes, and real traffic with bits flipped, cut and padded; and that
//! what comes to nothing is counted.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::{DropCause, Packet, PeerState};

#[test]
fn garbage_neither_panics_nor_stops_time_nor_alters_reliable_data() {
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut pair = Setup::new(seed)
            .both(|config| config.checksum(Some(crate::crc32)))
            .connected();
        for round in 0..300_u32 {
            exchange_and_garble(&mut pair, &mut rng, round);
        }
        pair.run_until_idle();
        assert!(
            numbers(&pair.server.received()).into_iter().eq(0..300),
            "seed {seed}"
        );
        assert!(
            pair.client
                .received()
                .iter()
                .all(|data| *data == payload(3000))
        );
    }
}

/// What gets in may do anything but panic or stop time.
#[test]
fn garbage_without_checksums_neither_panics_nor_stops_time() {
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut pair = Setup::new(seed).connected();
        for round in 0..300_u32 {
            if pair.client.state() != PeerState::Connected
                || pair.server.state() != PeerState::Connected
            {
                pair.client.host.reset(pair.client.peer());
                pair.server.host.reset(pair.server.peer());
                pair.connect(0);
                pair.run_until_idle();
                continue;
            }
            exchange_and_garble(&mut pair, &mut rng, round);
        }
        pair.run_for(millis(300_000));
        assert!(
            pair.server.host.statistics().datagrams_aborted > 0,
            "some of it must have got in"
        );
    }
}

/// Sends something each way and hands over, besides, a garbled copy of each datagram of it.
fn exchange_and_garble(pair: &mut Pair, rng: &mut ChaCha8Rng, round: u32) {
    pair.record();
    pair.client
        .send(0, Packet::reliable(round.to_be_bytes().to_vec()));
    pair.server.send(1, Packet::unreliable(payload(3000)));
    pair.settle();
    for datagram in pair.record() {
        let mutated = garble(rng, datagram.data);
        if datagram.to == pair.server.address {
            pair.inject(datagram.from, &mutated);
        } else {
            pair.inject_to_client(&mutated);
        }
    }
    pair.run_for(millis(5));
}

fn garble(rng: &mut ChaCha8Rng, mut data: Vec<u8>) -> Vec<u8> {
    let mut below = |limit: usize| (rng.next_u64() % limit.max(1) as u64) as usize;
    match below(4) {
        0 => data.truncate(below(data.len())),
        1 => data.extend((0..below(64)).map(|_| below(256) as u8)),
        2 => data = (0..below(200)).map(|_| below(256) as u8).collect(),
        _ => {}
    }
    for _ in 0..=below(8) {
        let index = below(data.len());
        if let Some(byte) = data.get_mut(index) {
            *byte ^= 1 << below(8);
        }
    }
    data
}

#[test]
fn what_holds_no_command_is_counted_unless_it_is_padding() {
    let mut pair = Pair::plain(22);
    let (client, stranger) = (pair.client.address, "192.0.2.1:5".parse().unwrap());
    let dropped = |pair: &Pair, cause| pair.server.host.statistics().dropped(cause);
    let connect = RawConnect::default().datagram();
    for body in [&b""[..], b"\0\0\0\0", b"\x0F\xFF\0\x01", &connect[4..30]] {
        pair.inject(stranger, &[&[0x8F, 0xFF, 0, 0], body].concat());
    }
    assert_eq!(dropped(&pair, DropCause::Unproven), 4);
    let ping = || Raw::timed(0, 1000).command(0x85, 0xFF, 2, &[]);
    pair.inject(client, &ping().0);
    pair.inject(client, &[ping().0, vec![0; 16]].concat());
    assert_eq!(dropped(&pair, DropCause::Unacceptable), 0);
    for (count, rest) in [(1, &b"\x0F\xFF\0\x01"[..]), (2, b"\x86\0\0")] {
        pair.inject(client, &[ping().0, rest.to_vec()].concat());
        assert_eq!(dropped(&pair, DropCause::Unacceptable), count);
    }
    // What asks for an acknowledgement and has no sent time takes the rest along.
    let untimed = Raw::untimed(0).command(0x85, 0xFF, 2, &[]);
    pair.inject(client, &untimed.clone().command(0x85, 0xFF, 2, &[]).0);
    pair.inject(client, &untimed.0);
    assert_eq!(dropped(&pair, DropCause::Unacceptable), 3);
    assert_eq!(pair.server.host.statistics().datagrams_aborted, 3);
}

#[test]
fn copies_of_a_connect_and_echoes_from_the_future_are_counted() {
    let mut pair = Setup::plain(23).pair();
    pair.record();
    pair.connect(1);
    pair.run_until_idle();
    let client = pair.client.address;
    let connect = pair.record().remove(0).data;
    pair.inject(client, &connect);
    let seen = pair.server.host.statistics();
    assert_eq!(seen.dropped(DropCause::ConnectIgnored), 1);
    pair.server.send(0, Packet::reliable("to be acknowledged"));
    pair.settle();
    let before = pair.server.host.statistics();
    let echo = pair.now().millis().plus(1000).sent_time();
    pair.inject(client, &Raw::untimed(0).acknowledge(0, 1, echo).0);
    let seen = pair.server.host.statistics();
    let stray = DropCause::StrayAcknowledgement;
    assert_eq!(seen.dropped(stray), before.dropped(stray) + 1);
}
