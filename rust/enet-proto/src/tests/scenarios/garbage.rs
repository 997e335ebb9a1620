//! Garbage thrown at both ends of a connection: random bytes, and real traffic with bits flipped, cut and padded.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::{Packet, PeerState};

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
