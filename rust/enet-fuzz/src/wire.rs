//! [`End`]: a host with its address and clock, and the checks that hold at every turn.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use enet_proto::{Event, Host, HostConfig, Limits, PeerId, Time};

/// Longest packet sent or taken, in bytes.
pub(crate) const MAXIMUM_PACKET: usize = 64 * 1024;
/// Bytes that a peer may keep for its application.
pub(crate) const MAXIMUM_WAITING: usize = 128 * 1024;
/// Bytes that all peers together may keep.
const MEMORY: usize = 64 * 1024;
/// Channels of every connection.
pub(crate) const CHANNELS: usize = 4;
/// Datagrams that one turn may write.
const MOST_DATAGRAMS: usize = 100_000;

/// The address with this number.
pub(crate) const fn address(number: u8) -> SocketAddr {
    SocketAddr::new(
        std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)),
        9000 + number as u16,
    )
}

/// A configuration with small limits.
pub(crate) fn config(peers: usize, seed: u8) -> HostConfig {
    let limits = Limits {
        memory: MEMORY,
        ..Limits::default()
    };
    HostConfig::new(peers, [seed; 32])
        .limits(limits)
        .channel_limit(CHANNELS)
        .maximum_packet_size(MAXIMUM_PACKET)
        .maximum_waiting_data(MAXIMUM_WAITING)
}

/// A host and what surrounds it.
pub(crate) struct End {
    pub(crate) host: Host,
    pub(crate) address: SocketAddr,
    /// The peer of the last Connect event.
    pub(crate) peer: Option<PeerId>,
}

/// A datagram that a host wrote.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) data: Vec<u8>,
}

impl End {
    pub(crate) fn new(number: u8, config: HostConfig) -> Self {
        Self {
            host: Host::new(config),
            address: address(number),
            peer: None,
        }
    }

    /// Runs timers, sends and hands out events, and answers what was sent.
    ///
    /// # Panics
    /// If the turn does not end, a timer stays due, or a peer or all of them keep more than their limit allows.
    pub(crate) fn turn(&mut self, now: Time) -> Vec<Sent> {
        self.host.handle_timeout(now);
        let mut sent = Vec::new();
        let mut data = Vec::new();
        while let Some(transmit) = self.host.poll_transmit(now, &mut data) {
            sent.push(Sent {
                from: self.address,
                to: transmit.to,
                data: data.clone(),
            });
            assert!(sent.len() < MOST_DATAGRAMS, "a turn never ends");
        }
        while let Some(event) = self.host.poll_event() {
            if let Event::Connect { peer, .. } = event {
                self.peer = Some(peer);
            }
        }
        let next = self.host.poll_timeout();
        assert!(next.is_none_or(|next| next > now), "a timer stays due");
        for peer in self.host.peers() {
            let kept = self
                .host
                .peer_statistics(peer)
                .map_or(0, |it| it.waiting_data);
            assert!(
                kept <= MAXIMUM_WAITING + (1 + CHANNELS) * MAXIMUM_PACKET,
                "a peer keeps {kept} bytes"
            );
        }
        let kept = self.host.statistics().waiting_data;
        assert!(
            kept <= 2 * (MEMORY + MAXIMUM_PACKET) as u64,
            "all peers keep {kept} bytes"
        );
        sent
    }
}

/// Connects a client to a server over a perfect network of 1 ms each way; answers the moment after.
pub(crate) fn connect(client: &mut End, server: &mut End) -> Time {
    let mut now = Time::from_millis(1000);
    client
        .host
        .connect(server.address, CHANNELS, 7)
        .expect("a slot is free");
    for _ in 0..20 {
        for datagram in client.turn(now) {
            server
                .host
                .handle_datagram(now, datagram.from, &datagram.data);
        }
        for datagram in server.turn(now) {
            client
                .host
                .handle_datagram(now, datagram.from, &datagram.data);
        }
        now = now + Duration::from_millis(1);
    }
    assert!(client.peer.is_some() && server.peer.is_some(), "connected");
    now
}
