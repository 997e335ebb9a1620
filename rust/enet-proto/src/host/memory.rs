//! What all peers together have waiting for the application: packets not taken, and parts of messages.
//!
//! Each peer has its limit, and the host has one. Over the host's, every peer may still have its share of it, an equal
//! one for each slot, so that those who hold much cannot keep the others from being heard. Beyond its share a peer may
//! only begin what is next in line on a channel, as others of its packets wait for that, and only as long as the peers
//! have no more than the limit and a packet beyond their shares; after that, what waits for its turn may fill half of a
//! share, and the other half is kept for what is next. So all together have no more than twice the limit and two packets
//! of the largest size. What fits in half a share always finds room once its turn has come, and where everybody completes
//! what he begins, nothing waits for good.

use super::Host;
use crate::channel::Allowance;
use crate::config::HostConfig;
use crate::limits::Limits;
use crate::peer::Peer;

/// Bytes of all peers, and what they may be.
#[derive(Debug)]
pub(super) struct Memory {
    limit: usize,
    /// What each peer may have in any case.
    share: usize,
    total: usize,
    /// What all have beyond their shares.
    excess: usize,
}

impl Memory {
    /// Of a host without peers.
    pub(super) fn new(config: &HostConfig) -> Self {
        let limit = Limits::bound(config.limits.memory);
        Self {
            limit,
            share: (limit / config.peer_count()).max(1),
            total: 0,
            excess: 0,
        }
    }

    /// Bytes that all peers have waiting.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// A peer that had `was` bytes waiting has `is`.
    pub(super) const fn recount(&mut self, was: usize, is: usize) {
        self.total = self.total + is - was;
        self.excess = self.excess + is.saturating_sub(self.share) - was.saturating_sub(self.share);
    }

    /// What `peer` may have waiting now. What came since it was counted last is taken into account.
    pub(super) fn allowance(&self, peer: &Peer, config: &HostConfig) -> Allowance {
        let (counted, waiting) = (peer.counted, peer.waiting);
        let own = Allowance {
            limit: config.maximum_waiting_data,
            of_next: config
                .maximum_waiting_data
                .saturating_add(config.maximum_packet_size),
        };
        if config.vanilla_quirks || self.total - counted + waiting < self.limit {
            return own;
        }
        let beyond = |bytes: usize| bytes.saturating_sub(self.share);
        let excess = self.excess - beyond(counted) + beyond(waiting);
        let is_much = excess > self.limit.saturating_add(config.maximum_packet_size);
        let limit = own.limit.min(self.share);
        let (limit, of_next) = if is_much {
            (limit / 2, limit)
        } else {
            (limit, own.of_next)
        };
        Allowance { limit, of_next }
    }
}

impl Host {
    /// Counts anew what the peer in `slot` has waiting.
    pub(super) fn recount(&mut self, slot: u16) {
        if let Some(peer) = self.slots.at_mut(slot) {
            let was = std::mem::replace(&mut peer.counted, peer.waiting);
            self.memory.recount(was, peer.counted);
        }
    }
}
