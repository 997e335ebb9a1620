//! [`UdpPeer`]: the game's handle to one remote.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use enet_proto::{Packet, PeerState, PeerStatistics, SendError};

use crate::host::UdpHost;

/// One connection. Clones are handles to the same connection, compared by identity; they do not keep the host open.
///
/// What the game does shows at once; what the remote did shows when its event is handed out. A handle whose
/// connection is over is inactive: calls do nothing, getters answer with nothing.
#[derive(Debug, Clone)]
pub struct UdpPeer(Arc<()>);

#[expect(unused_variables, clippy::todo, reason = "replaced within the hour")]
impl UdpPeer {
    /// Queues `packet` on `channel_id`; it leaves with the next `poll`, `service` or `flush` of the host, or within
    /// about a millisecond through the network thread.
    ///
    /// A peer that is gone, but whose end has not been handed out yet, accepts and drops the packet.
    ///
    /// # Errors
    /// As [`enet_proto::Host::send`]; an inactive peer is [`SendError::NotConnected`] with state `Disconnected`.
    pub fn send(&self, channel_id: u8, packet: Packet) -> Result<(), SendError> {
        todo!()
    }

    /// Drops what is queued and says goodbye; the event comes when the remote acknowledged or timed out.
    ///
    /// State `Disconnecting` and no channels at once. A peer still connecting becomes inactive at once, without event.
    pub fn disconnect(&self, data: u32) {
        todo!()
    }

    /// Sends one unreliable goodbye before it returns; the peer is inactive at once, without event.
    pub fn disconnect_now(&self, data: u32) {
        todo!()
    }

    /// As [`Self::disconnect`] once all that is queued has been acknowledged; takes and delivers nothing more.
    pub fn disconnect_later(&self, data: u32) {
        todo!()
    }

    /// Inactive at once, without event; the remote is not told.
    pub fn reset(&self) {
        todo!()
    }

    /// Queues a ping; only in state `Connected`.
    pub fn ping(&self) {
        todo!()
    }

    /// Span without acknowledgement after which the peer is pinged, in milliseconds; 0 means 500.
    pub fn set_ping_interval(&self, millis: u32) {
        todo!()
    }

    /// When the peer is given up: backoff factor, least and most milliseconds; each 0 means 32, 5000, 30000.
    pub fn set_timeout(&self, limit: u32, minimum: u32, maximum: u32) {
        todo!()
    }

    /// Parameters of the packet throttle, for us at once and for the remote with the next exchange.
    pub fn throttle_configure(&self, interval: u32, acceleration: u32, deceleration: u32) {
        todo!()
    }

    /// The state as the game may see it; `Disconnected` when inactive.
    #[must_use]
    pub fn state(&self) -> PeerState {
        todo!()
    }

    /// Whether the connection, or the attempt at one, is not over yet.
    #[must_use]
    pub fn is_active(&self) -> bool {
        todo!()
    }

    /// The remote's address; `None` when inactive.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        todo!()
    }

    /// Channels of the connection: as asked while connecting, 0 while disconnecting and when inactive.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        todo!()
    }

    /// Live counters and estimates; `None` when the connection is over.
    #[must_use]
    pub fn statistics(&self) -> Option<PeerStatistics> {
        todo!()
    }

    /// The host; `None` once its last handle is gone.
    #[must_use]
    pub fn host(&self) -> Option<UdpHost> {
        todo!()
    }
}

impl PartialEq for UdpPeer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UdpPeer {}

impl Hash for UdpPeer {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Arc::as_ptr(&self.0).hash(hasher);
    }
}
