//! [`Engine`]: what a host's short lock protects, the pure engine and the handles of its peers.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use enet_proto::{Datagrams, Event, Host, HostConfig, Packet, PeerId, PeerState, SendError, Time};

use crate::event::HostEvent;
use crate::inbox::{Inbox, Queued};
use crate::peer::UdpPeer;
use crate::shared::{Attention, HostShared};

/// Payload and command headers that fill a datagram of the default MTU, in bytes: beyond it nothing can join.
const FULL_DATAGRAM: usize = enet_proto::consts::HOST_DEFAULT_MTU as usize;
/// Roughly what a command costs beside its payload, in bytes.
const COMMAND_LEN: usize = 8;

/// Whether a connection began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Turn {
    /// Neither.
    #[default]
    None,
    /// One began.
    Began,
    /// One ended.
    Ended,
}

/// The engine of one host.
pub(crate) struct Engine {
    pub(crate) host: Host,
    slots: Vec<Slot>,
    /// Transmissions so far.
    transmissions: u64,
    /// Events that have not reached the inbox yet.
    pending: VecDeque<Queued>,
}

/// What the driver knows of a slot of the engine's peer table.
#[derive(Default)]
struct Slot {
    peer: Option<UdpPeer>,
    /// Bytes queued to the peer since the transmission with this number.
    gathered: usize,
    since: u64,
}

impl Engine {
    pub(crate) fn new(config: HostConfig) -> Self {
        Self {
            host: Host::new(config),
            slots: Vec::new(),
            transmissions: 0,
            pending: VecDeque::new(),
        }
    }

    /// Queues `packet`; tells how soon it should leave.
    pub(crate) fn send(
        &mut self,
        peer: PeerId,
        channel_id: u8,
        packet: Packet,
    ) -> Result<Attention, SendError> {
        let len = packet.len();
        self.host.send(peer, channel_id, packet)?;
        let transmissions = self.transmissions;
        let slot = self.slot(peer);
        if slot.since != transmissions {
            (slot.since, slot.gathered) = (transmissions, 0);
        }
        slot.gathered += len + COMMAND_LEN;
        Ok(if slot.gathered < FULL_DATAGRAM {
            Attention::Gather
        } else {
            Attention::Now
        })
    }

    /// The next datagrams, until `out` holds `limit`; `false` if there are no more.
    pub(crate) fn poll_transmit(&mut self, now: Time, limit: usize, out: &mut Datagrams) -> bool {
        self.transmissions += 1;
        self.host.poll_transmit_batch(now, limit, out)
    }

    /// Where the peers are, in whatever state.
    pub(crate) fn addresses(&self) -> HashMap<PeerId, SocketAddr> {
        let peers = self.host.peers();
        peers
            .filter_map(|peer| Some((peer, self.host.address(peer)?)))
            .collect()
    }

    /// Who is in one of `states` and at an address that `is_meant`, whether the game has heard of it or not.
    pub(crate) fn peers_in(
        &self,
        states: &[PeerState],
        is_meant: impl Fn(IpAddr) -> bool,
    ) -> Vec<UdpPeer> {
        let is_one = |id: &PeerId| {
            let address = self.host.address(*id);
            states.contains(&self.host.state(*id))
                && address.is_some_and(|address| is_meant(address.ip()))
        };
        let meant = self.host.peers().filter(is_one);
        meant.filter_map(|id| self.peer(id)).collect()
    }

    /// Makes `peer` the handle that its events carry.
    pub(crate) fn remember(&mut self, peer: UdpPeer) {
        let slot = self.slot(peer.id());
        slot.peer = Some(peer);
    }

    /// Events of `peer` are of no interest any more.
    pub(crate) fn forget(&mut self, peer: PeerId) {
        self.take_peer(peer);
    }

    /// Counts no longer as waiting what the game took since the last call.
    pub(crate) fn release_taken(&mut self, inbox: &Inbox) {
        for taken in inbox.lock().drain_taken() {
            self.host.release(taken.peer, taken.events, taken.bytes);
        }
    }

    /// Takes the engine's events, and tells of the last connection that began or ended.
    pub(crate) fn collect(&mut self, shared: &Arc<HostShared>) -> Turn {
        let mut turn = Turn::None;
        while let Some(event) = self.host.poll_event() {
            match event {
                Event::Connect { peer: id, data } => {
                    turn = Turn::Began;
                    let Some(peer) = self.peer(id).or_else(|| self.admit(id, shared)) else {
                        self.host.release(id, 1, 0);
                        continue;
                    };
                    // A remote that left again in the same batch has no channels any more; show those it asked for.
                    let channel_count = match self.host.channel_count(id) {
                        0 => self.host.channel_limit(),
                        count => count,
                    };
                    self.pending.push_back(Queued {
                        event: HostEvent::Connect { peer, data },
                        channel_count,
                    });
                }
                Event::Disconnect {
                    peer: id,
                    data,
                    cause,
                } => {
                    turn = Turn::Ended;
                    match self.take_peer(id) {
                        Some(peer) => {
                            let event = HostEvent::Disconnect { peer, data, cause };
                            self.pending.push_back(event.into());
                        }
                        None => self.host.release(id, 1, 0),
                    }
                }
                Event::Receive {
                    peer: id,
                    channel_id,
                    packet,
                } => match self.peer(id) {
                    Some(peer) => {
                        let event = HostEvent::Receive {
                            peer,
                            channel_id,
                            packet,
                        };
                        self.pending.push_back(event.into());
                    }
                    None => self.host.release(id, 1, packet.len()),
                },
                other => log::debug!("an event without meaning here: {other:?}"),
            }
        }
        turn
    }

    /// Reorders the events not yet published so that the peers take turns, as ENet's dispatch queue has them; each
    /// peer's own order stays.
    pub(crate) fn take_turns(&mut self) {
        let is_other = |pair: &[Queued]| pair[0].event.peer().id() != pair[1].event.peer().id();
        if !self.pending.make_contiguous().windows(2).any(is_other) {
            return;
        }
        let mut seen: HashMap<PeerId, usize> = HashMap::new();
        let mut events: Vec<(usize, Queued)> = self
            .pending
            .drain(..)
            .map(|queued| {
                let count = seen.entry(queued.event.peer().id()).or_default();
                *count += 1;
                (*count, queued)
            })
            .collect();
        events.sort_by_key(|(turn, _)| *turn);
        self.pending
            .extend(events.into_iter().map(|(_, event)| event));
    }

    /// Hands all events to the inbox.
    pub(crate) fn publish(&mut self, shared: &Arc<HostShared>) {
        self.collect(shared);
        shared.inbox.push(&mut self.pending);
    }

    /// A handle for a peer that connected to us.
    fn admit(&mut self, id: PeerId, shared: &Arc<HostShared>) -> Option<UdpPeer> {
        let peer = UdpPeer::incoming(Arc::clone(shared), id, self.host.address(id)?);
        self.remember(peer.clone());
        Some(peer)
    }

    fn peer(&self, id: PeerId) -> Option<UdpPeer> {
        let peer = self.slots.get(usize::from(id.slot()))?.peer.as_ref()?;
        (peer.id() == id).then(|| peer.clone())
    }

    fn take_peer(&mut self, id: PeerId) -> Option<UdpPeer> {
        let slot = self.slots.get_mut(usize::from(id.slot()))?;
        slot.peer.take_if(|peer| peer.id() == id)
    }

    fn slot(&mut self, id: PeerId) -> &mut Slot {
        let index = usize::from(id.slot());
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::default);
        }
        &mut self.slots[index]
    }
}
