//! Two hosts that speak through a codec.

use std::net::SocketAddr;
use std::time::Duration;

use enet_netsim::{LinkConfig, Network};
use enet_proto::{Event, Host, HostConfig, Packet, PeerId, Time};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{CODECS, CONTENTS, Make, content};

struct Pair {
    hosts: [Host; 2],
    addresses: [SocketAddr; 2],
    network: Network,
    now: Time,
    events: [Vec<Event>; 2],
    datagrams: Vec<Vec<u8>>,
}

impl Pair {
    fn new(codecs: [Option<Make>; 2], config: LinkConfig) -> Self {
        let hosts = codecs.map(|codec| {
            let mut host = Host::new(HostConfig::new(1, [3; 32]));
            host.set_compressor(codec.map(|make| make()));
            host
        });
        Self {
            hosts,
            addresses: [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port))),
            network: Network::new(12, config),
            now: Time::from_millis(0),
            events: [Vec::new(), Vec::new()],
            datagrams: Vec::new(),
        }
    }

    /// Lets virtual time pass until `done` or `end`, whichever is first.
    fn run(&mut self, end: Time, done: impl Fn(&[Vec<Event>; 2]) -> bool) {
        let mut buf = Vec::new();
        loop {
            for (host, (from, events)) in self
                .hosts
                .iter_mut()
                .zip(self.addresses.iter().zip(&mut self.events))
            {
                host.handle_timeout(self.now);
                while let Some(transmit) = host.poll_transmit(self.now, &mut buf) {
                    self.network
                        .send(self.now.as_micros(), *from, transmit.to, &buf);
                    self.datagrams.push(buf.clone());
                }
                events.extend(std::iter::from_fn(|| host.poll_event()));
            }
            let timers = self.hosts.iter().filter_map(Host::poll_timeout);
            let arrival = self.network.next_arrival().map(Time::from_micros);
            let next = timers.chain(arrival).min().unwrap_or(end).max(self.now);
            if done(&self.events) || next >= end {
                return;
            }
            self.now = next;
            while let Some(datagram) = self.network.receive(self.now.as_micros()) {
                let to = usize::from(datagram.to == self.addresses[1]);
                self.hosts[to].handle_datagram(self.now, datagram.from, &datagram.data);
            }
        }
    }

    /// The peer each side has of the other.
    fn connect(&mut self) -> [PeerId; 2] {
        self.hosts[0]
            .connect(self.addresses[1], 2, 9)
            .expect("a slot is free");
        self.run(Time::from_millis(5_000), |events| {
            events.iter().all(|side| !side.is_empty())
        });
        [0, 1].map(|side| match self.events[side].remove(0) {
            Event::Connect { peer, .. } => peer,
            other => panic!("{other:?}"),
        })
    }
}

fn payloads(events: &[Event]) -> Vec<Vec<u8>> {
    events
        .iter()
        .map(|event| match event {
            Event::Receive { packet, .. } => packet.data().to_vec(),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn marked(datagram: &[u8]) -> bool {
    datagram[0] & 0x40 != 0
}

#[test]
fn packets_of_every_content_and_size_cross_a_lossy_link_both_ways() {
    let mut random = ChaCha8Rng::seed_from_u64(13);
    let mut sent = Vec::new();
    for len in (1..80).chain([1_000, 1_400, 5_000, 40_000]) {
        sent.extend(CONTENTS.map(|class| content(class, len, &mut random)));
    }
    for (name, make) in CODECS {
        let link = LinkConfig::default()
            .delay(Duration::from_millis(10))
            .loss(0.05);
        let mut pair = Pair::new([Some(make); 2], link);
        let peers = pair.connect();
        for (host, peer) in pair.hosts.iter_mut().zip(peers) {
            for payload in &sent {
                host.send(peer, 0, Packet::reliable(payload.clone()))
                    .unwrap();
            }
        }
        let count = sent.len();
        pair.run(Time::from_millis(600_000), |events| {
            events.iter().all(|side| side.len() >= count)
        });
        for side in &pair.events {
            assert!(payloads(side) == sent, "{name}");
        }
        assert!(
            pair.datagrams
                .iter()
                .filter(|datagram| marked(datagram))
                .count()
                > 50,
            "{name}"
        );
        assert!(
            pair.hosts
                .iter()
                .all(|host| host.statistics().datagrams_aborted == 0),
            "{name}"
        );
    }
}

/// Zeros make bodies under 16 bytes compressible, so that FastLZ's padding reaches the other side.
#[test]
fn short_datagrams_arrive_alone_and_whole() {
    for (name, make) in CODECS {
        for len in 1..=8 {
            let mut pair = Pair::new([Some(make); 2], LinkConfig::default());
            let [peer, _] = pair.connect();
            pair.datagrams.clear();
            let payload = vec![0; len];
            pair.hosts[0]
                .send(peer, 0, Packet::unreliable(payload.clone()))
                .unwrap();
            let end = Time::from_micros(pair.now.as_micros() + 1_000);
            pair.run(end, |_| false);
            assert_eq!(payloads(&pair.events[1]), [payload], "{name}: {len} bytes");
            if name == "fastlz" && (5..=7).contains(&len) {
                assert!(
                    pair.datagrams.iter().any(|datagram| marked(datagram)),
                    "{len} bytes"
                );
            }
            assert_eq!(
                pair.hosts[1].statistics().datagrams_aborted,
                0,
                "{name}: {len} bytes"
            );
        }
    }
}

#[test]
fn mixed_codecs_do_not_connect() {
    let plain = [("none", None)];
    let all = || {
        plain
            .into_iter()
            .chain(CODECS.map(|(name, make)| (name, Some(make))))
    };
    for (client_name, client) in all() {
        for (server_name, server) in all().filter(|(name, _)| *name != client_name) {
            let mut pair = Pair::new([client, server], LinkConfig::default());
            pair.hosts[0].connect(pair.addresses[1], 1, 0).unwrap();
            pair.run(Time::from_millis(2_000), |events| {
                events.iter().any(|side| !side.is_empty())
            });
            let connected = pair.events.iter().all(|side| !side.is_empty());
            assert!(!connected, "{client_name} client and {server_name} server");
        }
    }
}
