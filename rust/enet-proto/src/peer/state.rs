//! [`PeerState`].

/// Where a connection stands; the order is ENet's.
///
/// Source: `ENetPeerState`, ENet 1.3.18. The two "pending" states of programs that service a host without taking
/// events do not occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum PeerState {
    /// No connection.
    #[default]
    Disconnected = 0,
    /// We asked, nobody answered yet.
    Connecting = 1,
    /// We answered a CONNECT and wait for the proof that the answer arrived.
    AcknowledgingConnect = 2,
    /// Open.
    Connected = 5,
    /// Open until all that is queued is acknowledged; takes and delivers nothing new.
    DisconnectLater = 6,
    /// Our DISCONNECT waits for its acknowledgement.
    Disconnecting = 7,
    /// Their DISCONNECT arrived, our acknowledgement is queued.
    AcknowledgingDisconnect = 8,
    /// Over; the event is not yet delivered.
    Zombie = 9,
}

impl PeerState {
    /// Whether data may flow: [`Connected`](Self::Connected) or [`DisconnectLater`](Self::DisconnectLater).
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Connected | Self::DisconnectLater)
    }

    /// Whether the remote has left and only we still have to acknowledge or report it.
    pub(crate) const fn is_leaving(self) -> bool {
        matches!(self, Self::AcknowledgingDisconnect | Self::Zombie)
    }
}
