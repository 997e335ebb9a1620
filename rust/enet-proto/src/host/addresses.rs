//! [`AddressBook`]: who is connected from where, without walking the table.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::peer::Peer;

/// Counts connections by IP address and knows every (address, connect id), so that a repeated CONNECT is recognised.
///
/// Connections that are still being asked for are not in it: their remote has not shown itself.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    per_ip: HashMap<IpAddr, usize>,
    connects: HashMap<(SocketAddr, [u8; 4]), u16>,
}

impl AddressBook {
    /// Enters a peer that is not [`PeerState::Connecting`].
    pub(super) fn insert(&mut self, peer: &Peer) {
        *self.per_ip.entry(peer.address.ip()).or_default() += 1;
        self.connects
            .insert((peer.address, peer.connect_id), peer.id.slot);
    }

    /// Forgets a peer; one that never got beyond [`PeerState::Connecting`] was not entered.
    pub(super) fn remove(&mut self, peer: &Peer) {
        let name = (peer.address, peer.connect_id);
        if self.connects.get(&name) != Some(&peer.id.slot) {
            return;
        }
        self.connects.remove(&name);
        if let Some(count) = self.per_ip.get_mut(&peer.address.ip()) {
            *count -= 1;
            if *count == 0 {
                self.per_ip.remove(&peer.address.ip());
            }
        }
    }

    /// Whether this very CONNECT was accepted before.
    pub(super) fn knows(&self, address: SocketAddr, connect_id: [u8; 4]) -> bool {
        self.connects.contains_key(&(address, connect_id))
    }

    /// Connections from this IP address.
    pub(super) fn count(&self, ip: IpAddr) -> usize {
        self.per_ip.get(&ip).copied().unwrap_or(0)
    }
}
