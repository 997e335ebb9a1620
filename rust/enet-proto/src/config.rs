//! [`HostConfig`]: what a host is made with.

use crate::consts::{
    HOST_DEFAULT_MAXIMUM_PACKET_SIZE, HOST_DEFAULT_MAXIMUM_WAITING_DATA, HOST_DEFAULT_MTU,
    PROTOCOL_MAXIMUM_CHANNEL_COUNT, PROTOCOL_MAXIMUM_MTU, PROTOCOL_MAXIMUM_PEER_ID,
    PROTOCOL_MINIMUM_CHANNEL_COUNT, PROTOCOL_MINIMUM_MTU,
};
use crate::limits::Limits;
use crate::peer::Recovery;
use crate::times::PeerTimes;

/// A checksum over the bytes of a datagram; its value is written big-endian. See [`crc32`](crate::crc32).
pub type Checksum = fn(&[u8]) -> u32;

/// Everything that is fixed when a [`Host`](crate::Host) is made; the setters chain.
#[derive(Debug, Clone)]
pub struct HostConfig {
    pub(crate) peer_count: u16,
    pub(crate) channel_limit: usize,
    pub(crate) incoming_bandwidth: u32,
    pub(crate) outgoing_bandwidth: u32,
    pub(crate) mtu: u32,
    pub(crate) maximum_packet_size: usize,
    pub(crate) maximum_waiting_data: usize,
    pub(crate) duplicate_peers: usize,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) seed: [u8; 32],
    pub(crate) manual_release: bool,
    pub(crate) recovery: Recovery,
    pub(crate) throttle_enabled: bool,
    pub(crate) peer_times: PeerTimes,
    pub(crate) vanilla_quirks: bool,
    pub(crate) limits: Limits,
}

impl HostConfig {
    /// A host with `peer_count` slots (clamped to 1..=4095) and ENet's defaults.
    ///
    /// `seed` decides every random choice. Take it from the system's secure source: who knows it can forge
    /// connect ids.
    #[must_use]
    pub fn new(peer_count: usize, seed: [u8; 32]) -> Self {
        Self {
            peer_count: u16::try_from(peer_count)
                .unwrap_or(u16::MAX)
                .clamp(1, PROTOCOL_MAXIMUM_PEER_ID),
            channel_limit: PROTOCOL_MAXIMUM_CHANNEL_COUNT,
            incoming_bandwidth: 0,
            outgoing_bandwidth: 0,
            mtu: HOST_DEFAULT_MTU,
            maximum_packet_size: HOST_DEFAULT_MAXIMUM_PACKET_SIZE,
            maximum_waiting_data: HOST_DEFAULT_MAXIMUM_WAITING_DATA,
            duplicate_peers: usize::from(PROTOCOL_MAXIMUM_PEER_ID),
            checksum: None,
            seed,
            manual_release: false,
            recovery: Recovery::default(),
            throttle_enabled: true,
            peer_times: PeerTimes::default(),
            vanilla_quirks: false,
            limits: Limits::default(),
        }
    }

    /// Whether peers look for the largest datagram that their path carries.
    pub(crate) fn probes_paths(&self) -> bool {
        self.recovery == Recovery::Fast && !self.vanilla_quirks
    }

    /// Slots for peers.
    #[must_use]
    pub const fn peer_count(&self) -> usize {
        self.peer_count as usize
    }

    /// Most channels an incoming connection gets; 0 or above 255 means 255, the default.
    #[must_use]
    pub const fn channel_limit(mut self, channels: usize) -> Self {
        self.channel_limit = clamp_channel_limit(channels);
        self
    }

    /// Bandwidths announced to peers, in bytes per second; 0, the default, is unlimited.
    #[must_use]
    pub const fn bandwidth(mut self, incoming: u32, outgoing: u32) -> Self {
        self.incoming_bandwidth = incoming;
        self.outgoing_bandwidth = outgoing;
        self
    }

    /// Largest datagram sent, in bytes: 576..=4096, default 1392. A connection uses the smaller of both sides' values;
    /// with [`Recovery::Fast`] of those up to 1184 bytes at once, and of more what its path turns out to carry.
    #[must_use]
    pub fn mtu(mut self, bytes: u32) -> Self {
        self.mtu = bytes.clamp(PROTOCOL_MINIMUM_MTU, PROTOCOL_MAXIMUM_MTU);
        self
    }

    /// Largest packet sent or accepted, in bytes; default 32 MiB.
    #[must_use]
    pub const fn maximum_packet_size(mut self, bytes: usize) -> Self {
        self.maximum_packet_size = bytes;
        self
    }

    /// Bytes a peer may have received and not yet handed out before more is refused; default 32 MiB.
    ///
    /// A packet that is next in line may go over it, by its own length.
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

    /// What others may cost the host; see [`Limits`] for the defaults.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With `true`, a received packet counts as waiting until [`Host::release`](crate::Host::release) is called for
    /// it, not until [`Host::poll_event`](crate::Host::poll_event) returns it: for drivers with a queue of their own.
    #[must_use]
    pub const fn manual_release(mut self, manual: bool) -> Self {
        self.manual_release = manual;
        self
    }

    /// How peers recover from loss and how fast they send; default [`Recovery::Fast`].
    #[must_use]
    pub const fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// Whether unreliable packets are dropped where round trips grow or a bandwidth is exceeded, and, with
    /// [`Recovery::Vanilla`], the reliable window shrinks with them; default `true`. With `false`, who joins is asked not
    /// to drop any because of round trips either.
    #[must_use]
    pub const fn throttle_enabled(mut self, enabled: bool) -> Self {
        self.throttle_enabled = enabled;
        self
    }

    /// What peers begin with; see [`PeerTimes`].
    #[must_use]
    pub const fn peer_times(mut self, times: PeerTimes) -> Self {
        self.peer_times = times;
        self
    }

    /// For tests against recordings of ENet 1.3.18: answers as C ENet does where this engine is safer on purpose.
    ///
    /// Connections get the lowest free number and a slot before their address is proven, bans do not hold and of
    /// [`Limits`] only those of refusals and log lines, acknowledgements that match nothing count, a DISCONNECT may carry any number and discards
    /// what was not handed out, dropped packets stay charged, empty unreliable fragments are taken, and a
    /// dropped unsequenced packet takes its followers along.
    #[must_use]
    pub const fn vanilla_quirks(mut self, on: bool) -> Self {
        self.vanilla_quirks = on;
        self
    }
}

/// The channel limit meant by `channels`: 0 and everything above 255 is 255.
pub(crate) const fn clamp_channel_limit(channels: usize) -> usize {
    if channels < PROTOCOL_MINIMUM_CHANNEL_COUNT || channels > PROTOCOL_MAXIMUM_CHANNEL_COUNT {
        PROTOCOL_MAXIMUM_CHANNEL_COUNT
    } else {
        channels
    }
}
