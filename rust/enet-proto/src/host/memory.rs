//! What all peers together have waiting for the application: packets not taken, and parts of messages.
//!
//! Each peer has its limit, and the host has one. Over the host's, every peer may still have its share of it, so that
//! those who hold much cannot keep the others from being heard: all together hold twice the limit at most.

use super::Host;
use crate::limits::Limits;
use crate::time::Time;

impl Host {
    /// Bytes that a peer may have waiting now.
    pub(super) fn waiting_limit(&self) -> usize {
        let of_peer = self.config.maximum_waiting_data;
        let of_host = Limits::bound(self.config.limits.memory);
        if self.config.vanilla_quirks || self.waiting_data < of_host {
            of_peer
        } else {
            of_peer.min(of_host / self.open_peers.max(1))
        }
    }

    /// Counts anew what the peer in `slot` has waiting.
    pub(super) fn recount(&mut self, slot: u16) {
        if let Some(peer) = self.slots.at_mut(slot) {
            let counted = std::mem::replace(&mut peer.counted, peer.waiting);
            self.waiting_data = self.waiting_data + peer.waiting - counted;
        }
    }
}

/// Limits that change while the host runs.
impl Host {
    /// What others may cost the host.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.config.limits
    }

    /// Changes [`HostConfig::limits`](crate::HostConfig::limits), for the connections that there are as well. What is
    /// over a limit already stays, and what is used up of a rate stays used up.
    pub fn set_limits(&mut self, now: Time, limits: Limits) {
        self.config.limits = limits;
        self.knocks.set_rate(limits.attempts, now);
        self.joins.change(limits.joins, limits.join_burst, now);
        for bucket in self.joins_by_source.values_mut() {
            bucket.change(limits.joins_per_source, limits.join_burst_per_source, now);
        }
        self.refusals.change(limits.refusals, limits.refusals, now);
        self.log.set_rate(limits.log_lines, now);
        for peer in self.slots.iter_mut() {
            peer.set_quota(&limits, now);
        }
    }

    /// Changes [`HostConfig::duplicate_peers`](crate::HostConfig::duplicate_peers), for connections to come.
    pub const fn set_duplicate_peers(&mut self, peers: usize) {
        self.config.duplicate_peers = peers;
    }

    /// Changes [`HostConfig::maximum_waiting_data`](crate::HostConfig::maximum_waiting_data), in bytes.
    pub const fn set_maximum_waiting_data(&mut self, bytes: usize) {
        self.config.maximum_waiting_data = bytes;
    }
}
