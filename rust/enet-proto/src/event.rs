//! [`Event`]: what a host reports to its application, and [`PeerId`], the name of a peer in it.

use crate::packet::Packet;

/// One connection of a [`Host`](crate::Host), alive or gone.
///
/// The slot is reused when a connection ends; the generation is not, so an old `PeerId` never reaches a new peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId {
    pub(crate) slot: u16,
    pub(crate) generation: u32,
}

impl PeerId {
    /// The index in the host's peer table, not the number in datagrams; below
    /// [`HostConfig::peer_count`](crate::HostConfig::peer_count).
    #[must_use]
    pub const fn slot(self) -> u16 {
        self.slot
    }
}

/// Something the application should know. One peer's events come in the order in which they happened.
///
/// Source: `ENetEvent`, ENet 1.3.18. Differs: what arrived before a disconnect is reported before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A connection is open, in either role.
    Connect {
        /// The new peer.
        peer: PeerId,
        /// The user data of the remote's connect call; 0 on the connecting side.
        data: u32,
    },
    /// A connection, or the attempt at one, is over; `peer` answers as gone from here on.
    Disconnect {
        /// The peer that was.
        peer: PeerId,
        /// The user data of the remote's disconnect call; 0 in all other cases.
        data: u32,
        /// What ended it.
        cause: DisconnectCause,
    },
    /// A packet arrived.
    Receive {
        /// Its sender.
        peer: PeerId,
        /// The channel it was sent on.
        channel_id: u8,
        /// The payload, with the flags it travelled by.
        packet: Packet,
    },
}

/// What ended a connection. Complete, so that who tells people of it leaves none out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectCause {
    /// The remote said goodbye.
    Remote,
    /// Our own disconnect was acknowledged.
    Local,
    /// The remote stopped acknowledging, or never answered.
    Timeout,
    /// The remote refused our connect; the data may hold a [`Reason`](crate::Reason).
    Refused,
    /// The remote answered our connect with values that are not ours.
    Handshake,
    /// The system says that nobody serves the port; see [`Host::handle_unreachable`](crate::Host::handle_unreachable).
    Unreachable,
    /// No address was found for the remote; see [`Host::locate`](crate::Host::locate).
    Unlocated,
}
