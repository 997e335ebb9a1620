//! [`PeerCore`]: what an `ENetPacketPeerRs` shares with the connection that it belongs to.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use bytes::Bytes;
use enet_proto::{DisconnectCause, Packet, PacketFlags, PeerState, PeerStatistics, SendError};
use enet_udp::UdpPeer;
use parking_lot::Mutex;

use crate::error::{NotActive, PeerSendError, ReadError, SettingError};
use crate::lent::{Lent, LentBytes};

/// Counts the peers of one connection that became inactive; who keeps a table of peers compares it with the number
/// seen last, to know when there is something to clear away.
pub(crate) type Endings = Arc<AtomicU64>;

/// One remote as scripts see it.
pub(crate) struct PeerCore {
    peer: UdpPeer,
    endings: Endings,
    /// The id under which an `ENetMultiplayerPeerRs` server registered this peer; 0 before, and elsewhere.
    unique_id: AtomicI32,
    /// The remote port that a script asked for, for as long as the address that goes with it is not known.
    asked_port: u16,
    is_name_unknown: AtomicBool,
    inbox: Mutex<Inbox>,
    ending: OnceLock<Ending>,
}

/// How a connection ended, as the event told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) cause: DisconnectCause,
    /// The user data of the remote's disconnect.
    pub(crate) data: u32,
}

/// What arrived and was not read yet.
#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Packet>,
    lent: Lent,
}

impl PeerCore {
    pub(crate) fn new(peer: UdpPeer, asked_port: u16, endings: Endings) -> Self {
        Self {
            peer,
            endings,
            unique_id: AtomicI32::new(0),
            asked_port,
            is_name_unknown: AtomicBool::new(false),
            inbox: Mutex::default(),
            ending: OnceLock::new(),
        }
    }

    /// The connection itself.
    pub(crate) const fn peer(&self) -> &UdpPeer {
        &self.peer
    }

    /// The multiplayer id, once registered by a server.
    pub(crate) fn unique_id(&self) -> Option<i32> {
        match self.unique_id.load(Ordering::Relaxed) {
            0 => None,
            unique_id => Some(unique_id),
        }
    }

    pub(crate) fn set_unique_id(&self, unique_id: i32) {
        self.unique_id.store(unique_id, Ordering::Relaxed);
    }

    /// Whether the attempt ended because nobody knew the remote's name.
    pub(crate) fn is_name_unknown(&self) -> bool {
        self.is_name_unknown.load(Ordering::Relaxed)
    }

    /// Ends an attempt to connect to a name that nobody knows.
    pub(crate) fn end_unknown(&self) {
        // Read by whoever takes the event that follows.
        self.is_name_unknown.store(true, Ordering::Relaxed);
        self.peer.locate(None);
    }

    /// Begins an attempt to connect to a name whose address is known now; `None`, which ends it, if none is reached.
    pub(crate) fn locate(&self, address: Option<SocketAddr>) {
        self.peer.locate(address);
    }

    pub(crate) fn is_active(&self) -> bool {
        self.peer.is_active()
    }

    fn active_peer(&self) -> Result<&UdpPeer, NotActive> {
        if self.peer.is_active() {
            Ok(&self.peer)
        } else {
            Err(NotActive::Peer)
        }
    }

    /// The data of the call by which this side asked for the end, if one did.
    pub(crate) fn left_with(&self) -> Option<u32> {
        self.peer.left_with()
    }

    /// What the event of the end told; `None` before it, and if the end had none.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }

    /// Notes what the event of the end told.
    pub(crate) fn end(&self, ending: Ending) {
        // A peer ends once.
        let _ = self.ending.set(ending);
    }

    /// Appends a packet that arrived.
    pub(crate) fn receive(&self, packet: Packet) {
        self.inbox.lock().waiting.push_back(packet);
    }

    /// Packets not read yet; those of an inactive peer still count.
    pub(crate) fn packet_count(&self) -> i32 {
        i32::try_from(self.inbox.lock().waiting.len()).unwrap_or(i32::MAX)
    }

    /// ENet's flags of the packet that is read next.
    pub(crate) fn next_flags(&self) -> Result<i32, ReadError> {
        let inbox = self.inbox.lock();
        let packet = inbox.waiting.front().ok_or(ReadError::Empty)?;
        Ok(packet.flags().bits().cast_signed())
    }

    /// Takes the next packet. Those of a peer that is gone are out of reach, as in the built-in class.
    pub(crate) fn get_packet(&self) -> Result<LentBytes, ReadError> {
        self.active_peer()?;
        let mut inbox = self.inbox.lock();
        let packet = inbox.waiting.pop_front().ok_or(ReadError::Empty)?;
        Ok(inbox.lent.lend(packet))
    }

    /// Queues `data` on `channel`.
    pub(crate) fn send(&self, channel: i32, data: Bytes, flags: i32) -> Result<(), PeerSendError> {
        let peer = self.active_peer()?;
        let count = peer.channel_count();
        let channel_id = u8::try_from(channel)
            .ok()
            .filter(|&channel_id| usize::from(channel_id) <= count)
            .ok_or(PeerSendError::InvalidChannel { channel, count })?;
        let flags = packet_flags(flags).ok_or(PeerSendError::InvalidFlags(flags))?;
        // The built-in looks at the channel before the state, and only the former is told.
        if usize::from(channel_id) == count {
            return Err(PeerSendError::Refused(SendError::NoSuchChannel {
                channel_id,
                channel_count: count,
            }));
        }
        peer.send(channel_id, Packet::new(data, flags))?;
        Ok(())
    }

    /// Asks the remote to agree on the end; see [`UdpPeer::disconnect`].
    pub(crate) fn disconnect(&self, data: u32) -> Result<(), NotActive> {
        self.active_peer()?.disconnect(data);
        // A peer that was still connecting has ended with that.
        self.note_ending();
        Ok(())
    }

    pub(crate) fn disconnect_later(&self, data: u32) -> Result<(), NotActive> {
        self.active_peer()?.disconnect_later(data);
        self.note_ending();
        Ok(())
    }

    pub(crate) fn disconnect_now(&self, data: u32) -> Result<(), NotActive> {
        self.active_peer()?.disconnect_now(data);
        self.note_ending();
        Ok(())
    }

    pub(crate) fn reset(&self) -> Result<(), NotActive> {
        self.active_peer()?.reset();
        self.note_ending();
        Ok(())
    }

    fn note_ending(&self) {
        if !self.peer.is_active() {
            self.endings.fetch_add(1, Ordering::Release);
        }
    }

    pub(crate) fn ping(&self) -> Result<(), NotActive> {
        self.active_peer()?.ping();
        Ok(())
    }

    pub(crate) fn set_ping_interval(&self, millis: u32) -> Result<(), NotActive> {
        self.active_peer()?.set_ping_interval(millis);
        Ok(())
    }

    pub(crate) fn set_timeout(
        &self,
        limit: i32,
        minimum: i32,
        maximum: i32,
    ) -> Result<(), SettingError> {
        let peer = self.active_peer()?;
        if limit > minimum || minimum > maximum {
            return Err(SettingError::Timeouts);
        }
        peer.set_timeout(
            limit.cast_unsigned(),
            minimum.cast_unsigned(),
            maximum.cast_unsigned(),
        );
        Ok(())
    }

    pub(crate) fn configure_throttle(
        &self,
        interval: u32,
        acceleration: u32,
        deceleration: u32,
    ) -> Result<(), NotActive> {
        self.active_peer()?
            .throttle_configure(interval, acceleration, deceleration);
        Ok(())
    }

    pub(crate) fn state(&self) -> PeerState {
        self.peer.state()
    }

    /// The remote's IP address; `None` while its name is being looked up.
    pub(crate) fn address(&self) -> Result<Option<IpAddr>, NotActive> {
        let address = self.active_peer()?.address();
        Ok(address.map(|address| address.ip()))
    }

    pub(crate) fn port(&self) -> Result<u16, NotActive> {
        let address = self.active_peer()?.address();
        Ok(address.map_or(self.asked_port, |address| address.port()))
    }

    pub(crate) fn channel_count(&self) -> Result<i32, NotActive> {
        let count = self.active_peer()?.channel_count();
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    pub(crate) fn statistics(&self) -> Result<PeerStatistics, NotActive> {
        self.peer.statistics().ok_or(NotActive::Peer)
    }
}

/// The flags that a script's number means, if it is a combination of `FLAG_*`.
pub(crate) fn packet_flags(bits: i32) -> Option<PacketFlags> {
    PacketFlags::from_bits(bits.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_combinations_of_the_three_flags_are_flags() {
        for bits in [0, 1, 2, 3, 8, 9, 10, 11] {
            assert_eq!(
                packet_flags(bits).map(|flags| flags.bits()),
                u32::try_from(bits).ok()
            );
        }
        for bits in [-1, 4, 5, 12, 16, i32::MIN] {
            assert_eq!(packet_flags(bits), None, "{bits}");
        }
    }
}
