//! How much a compressed datagram may unpack to.

use std::sync::mpsc::{self, Sender};

use super::*;
use crate::{Compressor, DropCause, RangeCoder};

/// The largest body of a CONNECT.
const CONNECT_BODY: usize = 48;

/// Notes how much room it is given, and fails.
struct Gauge(Sender<usize>);

impl Compressor for Gauge {
    fn compress(&mut self, _: &[u8], _: &mut [u8]) -> Option<usize> {
        None
    }

    fn decompress(&mut self, _: &[u8], output: &mut [u8]) -> Option<usize> {
        self.0.send(output.len()).expect("the test listens");
        None
    }
}

/// The bytes that the server makes room for, for each of these datagrams of the client.
fn rooms(mut pair: Pair, datagrams: &[&[u8]]) -> Vec<usize> {
    let (gauge, rooms) = mpsc::channel();
    pair.server
        .host
        .set_compressor(Some(Box::new(Gauge(gauge))));
    let from = pair.client.address;
    for datagram in datagrams {
        pair.inject(from, datagram);
    }
    rooms.try_iter().collect()
}

#[test]
fn strangers_can_unpack_no_more_than_a_connect_11_8() {
    let strangers: [&[u8]; 2] = [&[0xCF, 0xFF, 0, 0, 1, 2, 3], &[0x4F, 0xFF, 1, 2, 3]];
    assert_eq!(rooms(Pair::plain(7), &strangers), [CONNECT_BODY; 2]);
}

#[test]
fn there_is_room_for_256_times_as_much_and_the_mtu_of_the_peer_at_most_11_8() {
    for mtu in [576, 1000, 1392] {
        let pair = Setup::plain(7).client(|config| config.mtu(mtu)).connected();
        let (short, long) = ([0x40, 0, 1, 2], [&[0x40, 0][..], &[1; 100]].concat());
        assert_eq!(rooms(pair, &[&short, &long]), [2 * 256, mtu as usize]);
    }
}

/// A datagram of which only the head is left as it is.
fn packed(plain: &Raw) -> Vec<u8> {
    let (head, body) = plain.0.split_at(4);
    let mut out = [0; 100];
    let len = RangeCoder::new()
        .compress(body, &mut out)
        .expect("it becomes much shorter");
    let mut datagram = [head, &out[..len]].concat();
    datagram[0] |= 0x40;
    datagram
}

#[test]
fn a_datagram_that_unpacks_to_more_than_the_mtu_of_its_peer_is_dropped_and_counted_11_8() {
    let mut pair = Setup::plain(8)
        .client(|config| config.mtu(1000))
        .connected();
    for host in [&mut pair.server.host, &mut pair.client.host] {
        host.set_compressor(Some(Box::new(RangeCoder::new())));
    }
    let from = pair.client.address;
    let of_body = |len: usize| packed(&Raw::timed(0, 1000).reliable(0, 1, &vec![7; len - 6]));
    pair.inject(from, &of_body(1001));
    let seen = pair.server.host.statistics();
    assert_eq!(seen.dropped(DropCause::Undecodable), 1);
    assert_eq!(pair.server.received().len(), 0);
    pair.inject(from, &of_body(1000));
    assert_eq!(pair.server.received(), [&[7; 994]]);
}
