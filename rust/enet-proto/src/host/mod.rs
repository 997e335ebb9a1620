//! [`Host`]: the peer table and everything that concerns all of it.

use std::net::SocketAddr;

use crate::compress::Compressor;
use crate::config::HostConfig;
use crate::error::{ConnectError, SendError};
use crate::event::{Event, PeerId};
use crate::packet::Packet;
use crate::peer::{PeerState, PeerStatistics};
use crate::time::Time;

/// A datagram that [`Host::poll_transmit`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// Where it goes.
    pub to: SocketAddr,
}

/// Counters of a host since it was made; they wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HostStatistics {
    /// Bytes in datagrams handed out for sending.
    pub bytes_sent: u64,
    /// Datagrams handed out for sending.
    pub datagrams_sent: u64,
    /// Bytes in datagrams received, valid or not.
    pub bytes_received: u64,
    /// Datagrams received, valid or not.
    pub datagrams_received: u64,
}

/// One endpoint: a table of peers, no socket.
pub struct Host {}

#[expect(unused_variables, clippy::todo, missing_docs, reason = "replaced within the hour")]
impl Host {
    pub fn new(config: HostConfig) -> Self { todo!() }

    // What the application asks.
    pub fn connect(&mut self, address: SocketAddr, channel_count: usize, data: u32) -> Result<PeerId, ConnectError> { todo!() }
    pub fn send(&mut self, peer: PeerId, channel_id: u8, packet: Packet) -> Result<(), SendError> { todo!() }
    /// To every connected peer that has the channel; returns how many.
    pub fn broadcast(&mut self, channel_id: u8, packet: &Packet) -> usize { todo!() }
    pub fn disconnect(&mut self, peer: PeerId, data: u32) { todo!() }
    /// Gone at once, no event; the goodbye is the next thing `poll_transmit` hands out.
    pub fn disconnect_now(&mut self, peer: PeerId, data: u32) { todo!() }
    pub fn disconnect_later(&mut self, peer: PeerId, data: u32) { todo!() }
    pub fn reset(&mut self, peer: PeerId) { todo!() }
    pub fn ping(&mut self, peer: PeerId) { todo!() }
    /// 0 means the default, 500 ms.
    pub fn set_ping_interval(&mut self, peer: PeerId, millis: u32) { todo!() }
    /// Each 0 means its default: 32, 5000 ms, 30000 ms.
    pub fn set_timeout(&mut self, peer: PeerId, limit: u32, minimum: u32, maximum: u32) { todo!() }
    pub fn throttle_configure(&mut self, peer: PeerId, interval: u32, acceleration: u32, deceleration: u32) { todo!() }
    pub fn set_bandwidth(&mut self, incoming: u32, outgoing: u32) { todo!() }
    pub fn set_channel_limit(&mut self, channels: usize) { todo!() }
    pub fn channel_limit(&self) -> usize { todo!() }
    pub fn set_compressor(&mut self, compressor: Option<Box<dyn Compressor>>) { todo!() }

    // What the driver does.
    pub fn handle_datagram(&mut self, now: Time, from: SocketAddr, data: &[u8]) { todo!() }
    /// Runs every timer that is due; cheap when none is.
    pub fn handle_timeout(&mut self, now: Time) { todo!() }
    /// Replaces the contents of `buf` by the next datagram; it also sends pings, so it depends on `now`.
    pub fn poll_transmit(&mut self, now: Time, buf: &mut Vec<u8>) -> Option<Transmit> { todo!() }
    /// When `handle_timeout` must be called at the latest; may be early.
    pub fn poll_timeout(&self) -> Option<Time> { todo!() }
    pub fn poll_event(&mut self) -> Option<Event> { todo!() }
    /// With `HostConfig::manual_release`: the application took `bytes` of received payload of this peer.
    pub fn release(&mut self, peer: PeerId, bytes: usize) { todo!() }

    // What can be seen. A peer that is gone answers Disconnected / None.
    pub fn state(&self, peer: PeerId) -> PeerState { todo!() }
    pub fn address(&self, peer: PeerId) -> Option<SocketAddr> { todo!() }
    pub fn channel_count(&self, peer: PeerId) -> usize { todo!() }
    pub fn peer_statistics(&self, peer: PeerId) -> Option<PeerStatistics> { todo!() }
    pub fn statistics(&self) -> HostStatistics { todo!() }
    /// All peers in use, in slot order.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> { std::iter::empty() }
    pub fn peer_count(&self) -> usize { todo!() }
}
