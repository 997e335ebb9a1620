//! Why a call was refused: one enum per operation.

use crate::peer::PeerState;

/// Why [`Host::connect`](crate::Host::connect) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Every slot holds a connection.
    #[error("all {0} peer slots are taken")]
    NoFreeSlot(usize),
}

/// Why [`Host::send`](crate::Host::send) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is not open, or no more.
    #[error("peer is {0:?}, not connected")]
    NotConnected(PeerState),
    /// The connection has fewer channels.
    #[error("channel {channel_id} does not exist, the connection has {channel_count}")]
    NoSuchChannel {
        /// The channel asked for.
        channel_id: u8,
        /// Channels of the connection.
        channel_count: usize,
    },
    /// The packet is over [`HostConfig::maximum_packet_size`](crate::HostConfig::maximum_packet_size), or needs
    /// more fragments than the protocol can number.
    #[error("packet of {len} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes in the packet.
        len: usize,
        /// Most bytes a packet may have.
        limit: usize,
    },
}
