//! [`UdpHostConfig`]: what a [`UdpHost`](crate::UdpHost) is opened with.

use std::net::SocketAddr;

use enet_proto::{Checksum, HostConfig};

/// Where a host listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bind {
    /// No port until the first datagram leaves; what comes to it afterwards is accepted.
    #[default]
    Unbound,
    /// Every local address, IPv6 and IPv4; IPv4 alone where the system has no IPv6.
    Any {
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// One local address. `0.0.0.0` is every IPv4 address, `::` every address of both families.
    Address(SocketAddr),
}

/// Everything that is fixed when a host is opened; the setters chain.
#[derive(Debug, Clone)]
pub struct UdpHostConfig {
    pub(crate) bind: Bind,
    pub(crate) threaded: bool,
    pub(crate) host: HostConfig,
}

impl UdpHostConfig {
    /// An unbound host with `peer_count` slots (clamped to 1..=4095), driven by the network thread.
    #[must_use]
    pub fn new(peer_count: usize) -> Self {
        // The seed is drawn when the host opens, where a failure can be reported.
        Self { bind: Bind::Unbound, threaded: true, host: HostConfig::new(peer_count, [0; 32]) }
    }

    /// Where to listen; [`Bind::Unbound`] by default.
    #[must_use]
    pub const fn bind(mut self, bind: Bind) -> Self {
        self.bind = bind;
        self
    }

    /// `true`, the default: the network thread drives the host. `false`: only `poll`, `service` and `flush` do.
    #[must_use]
    pub const fn threaded(mut self, threaded: bool) -> Self {
        self.threaded = threaded;
        self
    }

    /// Most channels of an incoming connection; 0 or above 255 means 255, the default.
    #[must_use]
    pub fn channel_limit(mut self, channels: usize) -> Self {
        self.host = self.host.channel_limit(channels);
        self
    }

    /// Bandwidths announced to peers, in bytes per second; 0, the default, is unlimited.
    #[must_use]
    pub fn bandwidth(mut self, incoming: u32, outgoing: u32) -> Self {
        self.host = self.host.bandwidth(incoming, outgoing);
        self
    }

    /// Largest datagram sent, in bytes: 576..=4096, default 1392.
    #[must_use]
    pub fn mtu(mut self, bytes: u32) -> Self {
        self.host = self.host.mtu(bytes);
        self
    }

    /// Largest packet sent or accepted, in bytes; default 32 MiB.
    #[must_use]
    pub fn maximum_packet_size(mut self, bytes: usize) -> Self {
        self.host = self.host.maximum_packet_size(bytes);
        self
    }

    /// Bytes a peer may have received and the game not yet taken before more is refused; default 32 MiB.
    #[must_use]
    pub fn maximum_waiting_data(mut self, bytes: usize) -> Self {
        self.host = self.host.maximum_waiting_data(bytes);
        self
    }

    /// Connections accepted from one IP address; default 4095.
    #[must_use]
    pub fn duplicate_peers(mut self, peers: usize) -> Self {
        self.host = self.host.duplicate_peers(peers);
        self
    }

    /// Puts a checksum into every datagram and demands it from every datagram; the remote must do the same.
    #[must_use]
    pub fn checksum(mut self, checksum: Option<Checksum>) -> Self {
        self.host = self.host.checksum(checksum);
        self
    }
}
