//! [`HostEvent`]: the engine's events with handles instead of ids.

use enet_proto::{DisconnectCause, Packet};

use crate::peer::UdpPeer;

/// Something the game should know. One peer's events come in the order in which they happened.
#[derive(Debug, Clone)]
pub enum HostEvent {
    /// A connection is open, in either role.
    Connect {
        /// The new peer; on the connecting side the one that `connect` returned.
        peer: UdpPeer,
        /// The user data of the remote's connect call; 0 on the connecting side.
        data: u32,
    },
    /// A connection, or the attempt at one, is over; `peer` is inactive from here on.
    Disconnect {
        /// The peer that was.
        peer: UdpPeer,
        /// The user data of the remote's disconnect call; 0 in all other cases.
        data: u32,
        /// What ended it.
        cause: DisconnectCause,
    },
    /// A packet arrived.
    Receive {
        /// Its sender.
        peer: UdpPeer,
        /// The channel it was sent on.
        channel_id: u8,
        /// The payload, with the flags it travelled by.
        packet: Packet,
    },
}

impl HostEvent {
    /// Whom the event is about.
    #[must_use]
    pub const fn peer(&self) -> &UdpPeer {
        match self {
            Self::Connect { peer, .. }
            | Self::Disconnect { peer, .. }
            | Self::Receive { peer, .. } => peer,
        }
    }
}
