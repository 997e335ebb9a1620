//! [`UdpHost`]: the game's handle to one host.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use enet_proto::{Compressor, HostStatistics, Packet};

use crate::config::UdpHostConfig;
use crate::error::{ConnectError, OpenError};
use crate::event::HostEvent;
use crate::peer::UdpPeer;

/// A host with its socket. Clones are handles to the same host; the last one closes it.
#[derive(Debug, Clone)]
pub struct UdpHost(Arc<()>);

#[expect(unused_variables, clippy::todo, reason = "replaced within the hour")]
impl UdpHost {
    /// Opens the socket. The host neither reads nor sends before its first `poll`, `service` or `flush`.
    ///
    /// # Errors
    /// [`OpenError`] when the system gives no socket, address, seed or thread.
    pub fn open(config: UdpHostConfig) -> Result<Self, OpenError> {
        todo!()
    }

    /// Starts a connection with `channel_count` channels (clamped to 1..=255); `data` is shown to the remote.
    ///
    /// The peer is in [`PeerState::Connecting`](enet_proto::PeerState) and listed by [`Self::peers`] at once.
    ///
    /// # Errors
    /// [`ConnectError::Closed`], or all slots are taken; a peer that is inactive takes none.
    pub fn connect(&self, address: SocketAddr, channel_count: usize, data: u32) -> Result<UdpPeer, ConnectError> {
        todo!()
    }

    /// Makes what has arrived available to [`Self::next_event`]; never waits.
    ///
    /// With the network thread this also starts the host and sends what is queued without further gathering; without
    /// it, this reads and sends: up to 256 datagrams, fewer when a connection opens or ends among them.
    pub fn poll(&self) {
        todo!()
    }

    /// The next of the events that [`Self::poll`] found; `None` until the next poll when they are used up.
    ///
    /// Meets neither the engine's lock nor the socket.
    pub fn next_event(&self) -> Option<HostEvent> {
        todo!()
    }

    /// Waits up to `timeout` for one event and returns it; at once when one is ready, and when the host is closed.
    pub fn service(&self, timeout: Duration) -> Option<HostEvent> {
        todo!()
    }

    /// Sends what is queued: it has been handed to the system when this returns. Delivers no events.
    pub fn flush(&self) {
        todo!()
    }

    /// Queues `packet` to every peer in state `Connected` that has the channel; returns to how many.
    pub fn broadcast(&self, channel_id: u8, packet: &Packet) -> usize {
        todo!()
    }

    /// Sends one raw datagram from the host's socket; gives an unbound host its port.
    ///
    /// # Errors
    /// What the system said; [`io::ErrorKind::NotConnected`] on a closed host.
    pub fn socket_send(&self, address: SocketAddr, data: &[u8]) -> io::Result<()> {
        todo!()
    }

    /// Bandwidths announced to peers, in bytes per second; 0 is unlimited. Peers learn them within a second.
    pub fn set_bandwidth(&self, incoming: u32, outgoing: u32) {
        todo!()
    }

    /// Most channels of later incoming connections; 0 or above 255 means 255.
    pub fn set_channel_limit(&self, channels: usize) {
        todo!()
    }

    /// Most channels of an incoming connection; 0 when closed.
    #[must_use]
    pub fn channel_limit(&self) -> usize {
        todo!()
    }

    /// Compresses outgoing datagrams and expects the same of the remotes; `None` stops.
    pub fn set_compressor(&self, compressor: Option<Box<dyn Compressor>>) {
        todo!()
    }

    /// The socket's address; `None` when closed, and on an unbound host before the first datagram left.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        todo!()
    }

    /// Counters since the host was opened; raw datagrams of [`Self::socket_send`] are not in them.
    #[must_use]
    pub fn statistics(&self) -> HostStatistics {
        todo!()
    }

    /// The active peers, in the order in which they appeared.
    #[must_use]
    pub fn peers(&self) -> Vec<UdpPeer> {
        todo!()
    }

    /// Whether the host still works: not closed, and its socket not dead.
    #[must_use]
    pub fn is_open(&self) -> bool {
        todo!()
    }

    /// Sends the goodbyes already queued, closes the socket and makes every peer inactive; remotes are not told.
    ///
    /// The port can be bound again when this returns. Events not taken are dropped. Closing twice is harmless.
    pub fn close(&self) {
        todo!()
    }
}

impl PartialEq for UdpHost {
    /// Whether both are handles to the same host.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UdpHost {}
