//! What happens on a host, and the objects of its peers, which come and go with that.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use enet_proto::Packet;
use enet_udp::{HostEvent, UdpHost, UdpPeer};
use godot::obj::Gd;

use super::ConnectionCore;
use crate::packet_peer::{ENetPacketPeerRs, Ending, PeerCore};
use crate::raw::SharedGd;

/// How often a waiting `service` asks whether a name was found.
const SEARCH_INTERVAL: Duration = Duration::from_millis(5);

/// A peer of a connection: its object and what the object shares.
pub(crate) struct PeerHandle {
    object: SharedGd<ENetPacketPeerRs>,
    core: Arc<PeerCore>,
    serial: u64,
}

impl PeerHandle {
    pub(crate) fn object(&self) -> Gd<ENetPacketPeerRs> {
        self.object.get()
    }

    pub(crate) const fn core(&self) -> &Arc<PeerCore> {
        &self.core
    }

    /// Grows with each peer of the connection.
    pub(crate) const fn serial(&self) -> u64 {
        self.serial
    }
}

/// What happened on a host, with the peer's object at hand.
pub(crate) enum ConnectionEvent {
    Connect {
        peer: Arc<PeerHandle>,
        data: u32,
    },
    Disconnect {
        peer: Arc<PeerHandle>,
        data: u32,
    },
    Receive {
        peer: Arc<PeerHandle>,
        channel_id: u8,
        packet: Packet,
    },
}

/// The socket of a host is gone.
#[derive(Debug)]
pub(crate) struct SocketDead;

impl ConnectionCore {
    /// The handle of `peer`, made if it is new. `asked_port` is that of an outgoing connection.
    pub(super) fn adopt(&self, peer: UdpPeer, asked_port: u16) -> Arc<PeerHandle> {
        if let Some(handle) = self.peers.lock().get(&peer) {
            return handle.clone();
        }
        let core = Arc::new(PeerCore::new(
            peer.clone(),
            asked_port,
            self.endings.clone(),
        ));
        let handle = Arc::new(PeerHandle {
            object: SharedGd::new(ENetPacketPeerRs::for_core(core.clone())),
            core,
            serial: self.next_serial.fetch_add(1, Ordering::Relaxed),
        });
        self.peers.lock().insert(peer, handle.clone());
        handle
    }

    /// Forgets peers that scripts have ended, and hands them out: a script may run when they are dropped.
    #[must_use = "to be dropped where a script may run"]
    pub(crate) fn prune(&self) -> Vec<Arc<PeerHandle>> {
        let mut gone = Vec::new();
        let endings = self.endings();
        if self.pruned.swap(endings, Ordering::AcqRel) == endings {
            return gone;
        }
        self.peers.lock().retain(|_, handle| {
            let is_active = handle.core.is_active();
            if !is_active {
                gone.push(handle.clone());
            }
            is_active
        });
        gone
    }

    /// The next event that the last poll found.
    pub(crate) fn next_event(&self) -> Option<ConnectionEvent> {
        let host = self.host().ok()?;
        loop {
            // An event of a peer that was forgotten meanwhile is of no use to anybody.
            let event = self.attach(host.next_event()?);
            if event.is_some() {
                return event;
            }
        }
    }

    /// Waits up to `timeout` for an event.
    pub(crate) fn service(&self, timeout: Duration) -> Result<Option<ConnectionEvent>, SocketDead> {
        let host = self.host().map_err(|_| SocketDead)?;
        drop(self.prune());
        match self.wait(&host, timeout) {
            Some(event) => Ok(self.attach(event)),
            None if host.is_open() => Ok(None),
            None => {
                self.report_end();
                Err(SocketDead)
            }
        }
    }

    /// Waits for an event; looks after a name in between, of which no event tells.
    fn wait(&self, host: &UdpHost, timeout: Duration) -> Option<HostEvent> {
        let start = Instant::now();
        loop {
            let rest = timeout.saturating_sub(start.elapsed());
            let span = if self.advance_search() {
                rest.min(SEARCH_INTERVAL)
            } else {
                rest
            };
            let event = host.service(span);
            if event.is_some() || span == rest || !host.is_open() {
                return event;
            }
        }
    }

    fn attach(&self, event: HostEvent) -> Option<ConnectionEvent> {
        Some(match event {
            HostEvent::Connect { peer, data } => ConnectionEvent::Connect {
                peer: self.adopt(peer, 0),
                data,
            },
            HostEvent::Disconnect { peer, data, cause } => {
                let peer = self.peers.lock().remove(&peer)?;
                peer.core.end(Ending { cause, data });
                self.endings.fetch_add(1, Ordering::Release);
                ConnectionEvent::Disconnect { peer, data }
            }
            HostEvent::Receive {
                peer,
                channel_id,
                packet,
            } => ConnectionEvent::Receive {
                peer: self.peers.lock().get(&peer)?.clone(),
                channel_id,
                packet,
            },
        })
    }

    /// All peers, in the order in which they appeared.
    pub(crate) fn peers(&self) -> Vec<Arc<PeerHandle>> {
        let mut peers: Vec<_> = self.peers.lock().values().cloned().collect();
        peers.sort_unstable_by_key(|peer| peer.serial);
        peers
    }
}
