//! What can be seen of a host and its peers.

use std::net::SocketAddr;

use super::{Host, HostStatistics};
use crate::event::PeerId;
use crate::peer::{PeerState, PeerStatistics};

impl Host {
    /// Most channels an incoming connection gets.
    #[must_use]
    pub const fn channel_limit(&self) -> usize {
        self.config.channel_limit
    }

    /// State of the peer; one that is gone is [`PeerState::Disconnected`].
    #[must_use]
    pub fn state(&self, peer: PeerId) -> PeerState {
        self.slots
            .get(peer)
            .map_or(PeerState::Disconnected, |peer| peer.state)
    }

    /// Address of the peer, unless it is gone or not located yet.
    #[must_use]
    pub fn address(&self, peer: PeerId) -> Option<SocketAddr> {
        let peer = self.slots.get(peer)?;
        (!peer.unlocated).then_some(peer.address)
    }

    /// Channels of the connection; 0 once it ends.
    #[must_use]
    pub fn channel_count(&self, peer: PeerId) -> usize {
        self.slots.get(peer).map_or(0, |peer| peer.channels.count())
    }

    /// What was measured of the peer, unless it is gone.
    #[must_use]
    pub fn peer_statistics(&self, peer: PeerId) -> Option<PeerStatistics> {
        self.slots.get(peer).map(PeerStatistics::from)
    }

    /// Counters of the host since it was made. Costs a look at each peer.
    #[must_use]
    pub fn statistics(&self) -> HostStatistics {
        let mut statistics = self.statistics;
        statistics.half_open = self.half_open.len() as u64;
        statistics.waiting = self.waiting.len() as u64;
        statistics.waiting_data = self.memory.total() as u64;
        for peer in self.slots.iter() {
            statistics.commands_resent += peer.traffic.commands_resent;
            statistics.commands_lost += peer.traffic.commands_lost;
            statistics.commands_queued += peer.commands_queued() as u64;
        }
        statistics
    }

    /// All peers, half-open ones included, in order of their slots.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.slots.iter().map(|peer| peer.id)
    }

    /// Number of [`Host::peers`].
    #[must_use]
    pub const fn peer_count(&self) -> usize {
        self.slots.len()
    }
}
