//! [`Session`]: what an `ENetMultiplayerPeerRs` has from `create_*` to `close`.
//!
//! Server, client and mesh are the same thing with other numbers of connections and peers: a server has one connection
//! with many peers, a client one with one, a mesh one for each peer.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use enet_proto::{Packet, Reason};
use godot::obj::Gd;

use super::door::Door;
use super::links::{Links, SHARED_KEY};
use crate::connection::{Claim, ConnectionCore, ENetConnectionRs, PeerHandle};
use crate::raw::SharedGd;

/// The id of every server.
pub(super) const SERVER_ID: i32 = 1;

/// What the peer is in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Server,
    Client,
    Mesh,
}

impl Role {
    /// The key of the connection over which the peer `unique_id` is reached.
    fn link_key(self, unique_id: i32) -> i32 {
        match self {
            Self::Server | Self::Client => SHARED_KEY,
            Self::Mesh => unique_id,
        }
    }
}

/// Numbers of `MultiplayerPeer.ConnectionStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Disconnected = 0,
    Connecting = 1,
    Connected = 2,
}

/// From `create_*` to `close`.
///
/// In a mesh every registered peer has a link under its id, and every link a registered peer.
pub(super) struct Session {
    /// Set when the session begins.
    pub(super) epoch: u64,
    pub(super) role: Role,
    pub(super) status: Status,
    pub(super) unique_id: i32,
    /// Of a client: address and port of its server, as the script gave them.
    pub(super) server: Option<(String, i32)>,
    pub(super) links: Links<Connection>,
    /// Of a server: who gets in.
    pub(super) door: Option<Arc<Door>>,
    pub(super) peers: HashMap<i32, Registered>,
    pub(super) incoming: VecDeque<Incoming>,
    /// Whether packets of a peer that never was registered have been reported.
    pub(super) reported_stranger: bool,
}

/// A connection object and what it shares with us. Nobody else takes its events.
pub(super) struct Connection {
    object: SharedGd<ENetConnectionRs>,
    claim: Claim,
    /// The connection's count of ended peers when the registered ones were looked through last.
    seen_endings: u64,
}

/// A peer that `get_peer` knows.
pub(super) struct Registered {
    pub(super) peer: Arc<PeerHandle>,
    /// Its `peer_disconnected` is due or being emitted; it is unregistered afterwards.
    pub(super) is_leaving: bool,
}

/// A packet that arrived and was not read yet.
pub(super) struct Incoming {
    pub(super) source: i32,
    pub(super) channel_id: u8,
    pub(super) packet: Packet,
}

/// What became superfluous under the lock. Objects may go with it, in which scripts can run: so it is dropped without.
#[must_use = "to be dropped without a lock"]
pub(super) struct Gone {
    /// Kept for their drop alone.
    _peer: Option<Registered>,
    _connection: Option<Connection>,
}

impl Connection {
    pub(super) fn new(object: Gd<ENetConnectionRs>, claim: Claim) -> Self {
        Self {
            object: SharedGd::new(object),
            seen_endings: claim.core().endings(),
            claim,
        }
    }

    pub(super) fn object(&self) -> Gd<ENetConnectionRs> {
        self.object.get()
    }

    pub(super) fn core(&self) -> &Arc<ConnectionCore> {
        self.claim.core()
    }

    /// Whether a peer of this connection has ended since this was asked last.
    fn take_news(&mut self) -> bool {
        let endings = self.core().endings();
        std::mem::replace(&mut self.seen_endings, endings) != endings
    }
}

impl Registered {
    pub(super) const fn new(peer: Arc<PeerHandle>) -> Self {
        Self {
            peer,
            is_leaving: false,
        }
    }
}

impl Session {
    /// Without peers, without a server, and without a door.
    pub(super) fn new(
        role: Role,
        status: Status,
        unique_id: i32,
        links: Links<Connection>,
    ) -> Self {
        Self {
            epoch: 0,
            role,
            status,
            unique_id,
            server: None,
            links,
            door: None,
            peers: HashMap::new(),
            incoming: VecDeque::new(),
            reported_stranger: false,
        }
    }

    /// Whether `peer` is the one registered under `unique_id`; an earlier one with the same id is not.
    pub(super) fn is_registered(&self, unique_id: i32, peer: &Arc<PeerHandle>) -> bool {
        self.peers
            .get(&unique_id)
            .is_some_and(|registered| Arc::ptr_eq(&registered.peer, peer))
    }

    /// The id of `peer`, which is one of the connection `link_key`; `None` if it never was registered.
    pub(super) fn id_of(&self, link_key: i32, peer: &Arc<PeerHandle>) -> Option<i32> {
        match self.role {
            Role::Server => peer.core().unique_id(),
            Role::Client => Some(SERVER_ID),
            Role::Mesh => self.is_registered(link_key, peer).then_some(link_key),
        }
    }

    /// The connection of a server or client.
    pub(super) fn shared_connection(&self) -> Option<&Connection> {
        self.links.get(SHARED_KEY)
    }

    /// The connection over which the peer `unique_id` is reached.
    pub(super) fn connection_of(&self, unique_id: i32) -> Option<&Connection> {
        self.links.get(self.role.link_key(unique_id))
    }

    /// Whether the link with this key leads over `connection`.
    pub(super) fn leads_over(&self, link_key: i32, connection: &Arc<ConnectionCore>) -> bool {
        let link = self.links.get(link_key);
        link.is_some_and(|link| Arc::ptr_eq(link.core(), connection))
    }

    /// Registers `peer` of a mesh with the connection that leads to it. An earlier one of the same id makes room.
    pub(super) fn add_mesh_peer(
        &mut self,
        unique_id: i32,
        connection: Connection,
        peer: Arc<PeerHandle>,
    ) -> Gone {
        Gone {
            _peer: self.peers.insert(unique_id, Registered::new(peer)),
            _connection: self.links.insert(unique_id, connection),
        }
    }

    /// Forgets the peer `unique_id`, and in a mesh its connection.
    pub(super) fn unregister(&mut self, unique_id: i32) -> Gone {
        Gone {
            _peer: self.peers.remove(&unique_id),
            _connection: match self.role {
                Role::Server | Role::Client => None,
                Role::Mesh => self.links.remove(unique_id),
            },
        }
    }

    /// Registered peers that have ended without an event since this was asked last; the first to report comes last.
    pub(super) fn take_ended(&mut self) -> Vec<(i32, Arc<PeerHandle>)> {
        let mut has_news = false;
        for connection in self.links.connections_mut() {
            has_news |= connection.take_news();
        }
        if !has_news {
            return Vec::new();
        }
        let mut ended = self.ended_peers();
        ended.sort_unstable_by_key(|(unique_id, peer)| {
            let place = self.links.place(self.role.link_key(*unique_id));
            Reverse((place, peer.serial()))
        });
        ended
    }

    /// The registered peers of a server or client that were connected when their host came to its end; the first to
    /// report comes last.
    pub(super) fn lost_with_host(&self) -> Vec<(i32, Arc<PeerHandle>)> {
        if self.status != Status::Connected {
            return Vec::new();
        }
        let mut lost = self.ended_peers();
        lost.sort_unstable_by_key(|(_, peer)| Reverse(peer.serial()));
        lost
    }

    fn ended_peers(&self) -> Vec<(i32, Arc<PeerHandle>)> {
        self.peers
            .iter()
            .filter(|(_, registered)| !registered.is_leaving && !registered.peer.core().is_active())
            .map(|(unique_id, registered)| (*unique_id, registered.peer.clone()))
            .collect()
    }

    /// Notes that `peer_disconnected` is due for the peer `unique_id`; false if that was known, or there is none.
    pub(super) fn mark_leaving(&mut self, unique_id: i32) -> bool {
        self.peers
            .get_mut(&unique_id)
            .is_some_and(|registered| !std::mem::replace(&mut registered.is_leaving, true))
    }

    /// Tells those who are connected, also who has come since the last poll, and closes every host.
    pub(super) fn say_goodbye(self) {
        for connection in self.links.connections() {
            // A script may have destroyed the host before.
            if let Ok(host) = connection.core().host() {
                host.disconnect_all_now(Reason::Closed.to_data());
                host.flush();
                let _ = connection.core().destroy();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_has_a_connection_for_each_peer_and_the_others_have_one_for_all() {
        assert_eq!(Role::Server.link_key(7), SHARED_KEY);
        assert_eq!(Role::Client.link_key(SERVER_ID), SHARED_KEY);
        assert_eq!(Role::Mesh.link_key(7), 7);
    }
}
