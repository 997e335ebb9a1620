//! [`UdpHostConfig`]: what a [`UdpHost`](crate::UdpHost) is opened with.

use std::net::SocketAddr;

use enet_proto::consts::{
    HOST_DEFAULT_MAXIMUM_PACKET_SIZE, HOST_DEFAULT_MAXIMUM_WAITING_DATA, HOST_DEFAULT_MTU,
    PROTOCOL_MAXIMUM_CHANNEL_COUNT, PROTOCOL_MAXIMUM_PEER_ID,
};
use enet_proto::{Checksum, HostConfig, Recovery};

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
    pub(crate) follows_peer: bool,
    peer_count: usize,
    channel_limit: usize,
    incoming_bandwidth: u32,
    outgoing_bandwidth: u32,
    mtu: u32,
    maximum_packet_size: usize,
    maximum_waiting_data: usize,
    duplicate_peers: usize,
    checksum: Option<Checksum>,
    recovery: Recovery,
    throttle_enabled: bool,
}

impl UdpHostConfig {
    /// An unbound host with `peer_count` slots (clamped to 1..=4095), driven by the network thread.
    #[must_use]
    pub const fn new(peer_count: usize) -> Self {
        Self {
            bind: Bind::Unbound,
            threaded: true,
            follows_peer: false,
            peer_count,
            channel_limit: PROTOCOL_MAXIMUM_CHANNEL_COUNT,
            incoming_bandwidth: 0,
            outgoing_bandwidth: 0,
            mtu: HOST_DEFAULT_MTU,
            maximum_packet_size: HOST_DEFAULT_MAXIMUM_PACKET_SIZE,
            maximum_waiting_data: HOST_DEFAULT_MAXIMUM_WAITING_DATA,
            duplicate_peers: PROTOCOL_MAXIMUM_PEER_ID as usize,
            checksum: None,
            recovery: Recovery::Fast,
            throttle_enabled: true,
        }
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

    /// For a host with one slot to which nobody connects: ties its socket to the remote it sends to.
    ///
    /// The system then keeps away what others send, and reports when nobody serves the port: the attempt ends with
    /// [`DisconnectCause::Unreachable`](enet_proto::DisconnectCause). Only where a tied socket can still send to
    /// others, as Linux and Windows have it; elsewhere this does nothing.
    #[must_use]
    pub const fn follow_peer(mut self, follow: bool) -> Self {
        self.follows_peer = follow;
        self
    }

    /// Most channels of an incoming connection; 0 or above 255 means 255, the default.
    #[must_use]
    pub const fn channel_limit(mut self, channels: usize) -> Self {
        self.channel_limit = channels;
        self
    }

    /// Bandwidths announced to peers, in bytes per second; 0, the default, is unlimited.
    #[must_use]
    pub const fn bandwidth(mut self, incoming: u32, outgoing: u32) -> Self {
        self.incoming_bandwidth = incoming;
        self.outgoing_bandwidth = outgoing;
        self
    }

    /// Largest datagram sent, in bytes: 576..=4096, default 1392.
    #[must_use]
    pub const fn mtu(mut self, bytes: u32) -> Self {
        self.mtu = bytes;
        self
    }

    /// Largest packet sent or accepted, in bytes; default 32 MiB.
    #[must_use]
    pub const fn maximum_packet_size(mut self, bytes: usize) -> Self {
        self.maximum_packet_size = bytes;
        self
    }

    /// Bytes a peer may have received and the game not yet taken before more is refused; default 32 MiB.
    #[must_use]
    pub const fn maximum_waiting_data(mut self, bytes: usize) -> Self {
        self.maximum_waiting_data = bytes;
        self
    }

    /// Connections accepted from one IP address; default 4095.
    #[must_use]
    pub const fn duplicate_peers(mut self, peers: usize) -> Self {
        self.duplicate_peers = peers;
        self
    }

    /// Puts a checksum into every datagram and demands it from every datagram; the remote must do the same.
    #[must_use]
    pub const fn checksum(mut self, checksum: Option<Checksum>) -> Self {
        self.checksum = checksum;
        self
    }

    /// How peers recover from loss and how fast they send; default [`Recovery::Fast`].
    #[must_use]
    pub const fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// `true`, the default: unreliable packets are dropped where round trips grow or a bandwidth is exceeded.
    #[must_use]
    pub const fn throttle_enabled(mut self, enabled: bool) -> Self {
        self.throttle_enabled = enabled;
        self
    }

    /// The engine's part, with a seed of its own so that two hosts of one configuration share no random choice.
    pub(crate) fn engine(&self, seed: [u8; 32]) -> HostConfig {
        HostConfig::new(self.peer_count, seed)
            .channel_limit(self.channel_limit)
            .bandwidth(self.incoming_bandwidth, self.outgoing_bandwidth)
            .mtu(self.mtu)
            .maximum_packet_size(self.maximum_packet_size)
            .maximum_waiting_data(self.maximum_waiting_data)
            .duplicate_peers(self.duplicate_peers)
            .checksum(self.checksum)
            .recovery(self.recovery)
            .throttle_enabled(self.throttle_enabled)
            .manual_release(true)
    }
}
