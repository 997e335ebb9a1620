//! Micro-benchmarks of the engine alone: `cargo bench -p enet-bench`.

use std::net::{Ipv4Addr, SocketAddr};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use enet_proto::{Compressor as _, Event, Host, HostConfig, Packet, PeerId, RangeCoder, Time};

/// Messages of one flush.
const BATCH: usize = 64;

fn main() {
    divan::main();
}

/// Two connected hosts and the time they have reached.
struct Pair {
    client: Host,
    server: Host,
    peer: PeerId,
    now: Time,
}

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 1);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 2);

impl Pair {
    fn connected() -> Self {
        let mut client = Host::new(HostConfig::new(1, [1; 32]));
        let peer = client
            .connect(address(SERVER), 1, 0)
            .expect("a slot is free");
        let mut pair = Self {
            client,
            server: Host::new(HostConfig::new(1, [2; 32])),
            peer,
            now: Time::from_millis(1),
        };
        for _ in 0..3 {
            let asked = pair.datagrams();
            pair.take_in(&asked);
            pair.answer();
        }
        pair
    }

    fn queue(&mut self, packet: &Packet) {
        for _ in 0..BATCH {
            self.client
                .send(self.peer, 0, packet.clone())
                .expect("the peer is connected");
        }
    }

    /// What the client has to send.
    fn datagrams(&mut self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let mut buffer = Vec::new();
        while self.client.poll_transmit(self.now, &mut buffer).is_some() {
            all.push(buffer.clone());
        }
        all
    }

    fn take_in(&mut self, datagrams: &[Vec<u8>]) {
        for datagram in datagrams {
            self.server
                .handle_datagram(self.now, address(CLIENT), datagram);
        }
    }

    /// Lets the server acknowledge and the client hear of it.
    fn answer(&mut self) {
        let mut buffer = Vec::new();
        while self.server.poll_transmit(self.now, &mut buffer).is_some() {
            self.client
                .handle_datagram(self.now, address(SERVER), &buffer);
        }
        while self.client.poll_event().is_some() {}
        while self.server.poll_event().is_some() {}
    }
}

fn address((ip, port): ([u8; 4], u16)) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from(ip), port))
}

fn packet(reliable: bool) -> Packet {
    if reliable {
        Packet::reliable(vec![7; 100])
    } else {
        Packet::unreliable(vec![7; 64])
    }
}

#[divan::bench(args = [false, true])]
fn send_path(bencher: Bencher<'_, '_>, reliable: bool) {
    let mut pair = Pair::connected();
    let packet = packet(reliable);
    let mut buffer = Vec::new();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        pair.queue(&packet);
        let mut datagrams = Vec::new();
        while pair.client.poll_transmit(pair.now, &mut buffer).is_some() {
            datagrams.push(buffer.clone());
        }
        pair.take_in(&datagrams);
        pair.answer();
    });
}

#[divan::bench(args = [false, true])]
fn parser(bencher: Bencher<'_, '_>, reliable: bool) {
    let pair = std::cell::RefCell::new(Pair::connected());
    let packet = packet(reliable);
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            let mut pair = pair.borrow_mut();
            pair.answer();
            pair.queue(&packet);
            pair.datagrams()
        })
        .bench_local_refs(|datagrams| {
            let mut pair = pair.borrow_mut();
            pair.take_in(datagrams);
            while let Some(event) = pair.server.poll_event() {
                assert!(matches!(black_box(event), Event::Receive { .. }));
            }
        });
}

#[divan::bench(args = [60, 300, 1380])]
fn range_coder_compress(bencher: Bencher<'_, '_>, len: usize) {
    let plain = text(len);
    let mut coder = RangeCoder::new();
    let mut packed = vec![0; 2 * len];
    bencher
        .counter(BytesCount::new(len))
        .bench_local(|| coder.compress(black_box(&plain), &mut packed));
}

#[divan::bench(args = [60, 300, 1380])]
fn range_coder_decompress(bencher: Bencher<'_, '_>, len: usize) {
    let mut coder = RangeCoder::new();
    let mut packed = vec![0; 2 * len];
    let size = coder
        .compress(&text(len), &mut packed)
        .expect("text is compressible");
    let mut plain = vec![0; 4096];
    bencher
        .counter(BytesCount::new(len))
        .bench_local(|| coder.decompress(black_box(&packed[..size]), &mut plain));
}

fn text(len: usize) -> Vec<u8> {
    let lines = (100..).flat_map(|number| format!("player {number} says: meet me\n").into_bytes());
    lines.take(len).collect()
}
