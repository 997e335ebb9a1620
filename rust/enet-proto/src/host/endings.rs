//! How connections end: by the application, and what all ends have in common.

use super::Host;
use crate::event::{DisconnectCause, Event, PeerId};
use crate::peer::{PeerState, write_goodbye};
use crate::wire::{Command, ProtocolHeader};

/// Ends that the application asks for.
impl Host {
    /// Asks the remote to part; [`Event::Disconnect`] follows when it has answered or its time is up.
    ///
    /// What is queued or unacknowledged is dropped. A connection that is not open yet ends at once and without an event.
    ///
    /// Source: `enet_peer_disconnect`, ENet 1.3.18 `peer.c`.
    pub fn disconnect(&mut self, peer: PeerId, data: u32) {
        match self.state(peer) {
            PeerState::Connected | PeerState::DisconnectLater => {
                self.begin_disconnect(peer.slot, data)
            }
            PeerState::Connecting | PeerState::AcknowledgingConnect => {
                self.say_goodbye(peer.slot, data)
            }
            PeerState::Disconnected
            | PeerState::Disconnecting
            | PeerState::AcknowledgingDisconnect
            | PeerState::Zombie => {}
        }
    }

    /// Parts at once and without an event: one goodbye, which may be lost, is what the next [`Host::poll_transmit`]
    /// hands out.
    ///
    /// Source: `enet_peer_disconnect_now`, ENet 1.3.18 `peer.c`.
    pub fn disconnect_now(&mut self, peer: PeerId, data: u32) {
        match self.state(peer) {
            PeerState::Disconnected => {}
            PeerState::Zombie | PeerState::Disconnecting => self.forget(peer.slot),
            PeerState::Connecting
            | PeerState::AcknowledgingConnect
            | PeerState::Connected
            | PeerState::DisconnectLater
            | PeerState::AcknowledgingDisconnect => self.say_goodbye(peer.slot, data),
        }
    }

    /// As [`Host::disconnect`], once everything queued is acknowledged. Until then nothing more can be sent, and what
    /// arrives is thrown away.
    ///
    /// Source: `enet_peer_disconnect_later`, ENet 1.3.18 `peer.c`.
    pub fn disconnect_later(&mut self, peer: PeerId, data: u32) {
        match self.slots.get_mut(peer) {
            Some(peer) if peer.is_open() && !peer.is_drained() => {
                peer.state = PeerState::DisconnectLater;
                peer.data = data;
            }
            _ => self.disconnect(peer, data),
        }
    }

    /// Forgets the peer at once; nobody is told, there is no event.
    ///
    /// Source: `enet_peer_reset`, ENet 1.3.18 `peer.c`.
    pub fn reset(&mut self, peer: PeerId) {
        if self.slots.get(peer).is_some() {
            self.forget(peer.slot);
        }
    }
}

/// What all parts of the host end connections by.
impl Host {
    /// Moves a peer from one state to another, keeping count of the open and the leaving ones.
    pub(super) fn change_state(&mut self, slot: u16, state: PeerState) {
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        let was = std::mem::replace(&mut peer.state, state);
        self.leaving_peers += usize::from(state.is_leaving());
        self.leaving_peers -= usize::from(was.is_leaving());
        if (state.is_leaving() || state == PeerState::Disconnected)
            && std::mem::take(&mut peer.admitted)
            && let Some(admission) = &mut self.admission
        {
            admission.left(peer.id);
        }
        let was_open = was.is_open();
        match (was_open, state.is_open()) {
            (false, true) => {
                self.open_peers += 1;
                self.limited_peers += usize::from(peer.incoming_bandwidth != 0);
            }
            (true, false) => {
                self.open_peers -= 1;
                self.limited_peers -= usize::from(peer.incoming_bandwidth != 0);
            }
            _ => {}
        }
    }

    /// Sends a flagged DISCONNECT and waits for its acknowledgement.
    pub(super) fn begin_disconnect(&mut self, slot: u16, data: u32) {
        self.change_state(slot, PeerState::Disconnecting);
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        peer.clear_ready();
        peer.clear_queues();
        peer.queue_control(&mut self.stamp, Command::Disconnect { data });
        self.agenda.ready.insert(slot);
        self.recount(slot);
    }

    /// Writes an unflagged DISCONNECT for [`Host::poll_transmit`] and forgets the peer.
    pub(super) fn say_goodbye(&mut self, slot: u16, data: u32) {
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        if peer.unlocated {
            return self.forget(slot);
        }
        let header = ProtocolHeader {
            peer_id: peer.remote_id,
            session: peer.sessions.outgoing,
            compressed: false,
            sent_time: None,
        };
        let (address, connect_id) = (peer.address, peer.connect_id);
        let number = peer.next_control_number();
        let datagram = self.datagram(header, connect_id, |body| {
            write_goodbye(number, data, body);
        });
        self.farewells.push_back((address, datagram));
        self.forget(slot);
    }

    /// Frees the slot because the application wants it so. An event of its beginning or end not yet handed out goes
    /// with it: nobody could use the peer any more.
    pub(super) fn forget(&mut self, slot: u16) {
        let Some(id) = self.slots.at(slot).map(|peer| peer.id) else {
            return;
        };
        self.remove(slot);
        self.agenda.notices.retain(|notice| {
            !matches!(notice, Event::Connect { peer, .. } | Event::Disconnect { peer, .. } if *peer == id)
        });
    }

    /// The connection is over and the application must hear of it, after what has arrived.
    ///
    /// `at_once` puts the event before those of other peers, as ENet does with its own findings.
    pub(super) fn finish(&mut self, slot: u16, data: u32, cause: DisconnectCause, at_once: bool) {
        let connected = self
            .slots
            .at(slot)
            .is_some_and(|peer| peer.state != PeerState::Connecting);
        self.change_state(slot, PeerState::Zombie);
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        peer.clear_queues();
        (peer.data, peer.cause) = (data, cause);
        if at_once && peer.ready.is_empty() {
            self.recalculate |= connected;
            self.agenda.notices.push_back(peer.report_end());
        } else {
            self.agenda.dispatch(peer);
        }
        self.recount(slot);
    }

    /// Frees the slot.
    pub(super) fn remove(&mut self, slot: u16) {
        self.change_state(slot, PeerState::Disconnected);
        let Some(mut peer) = self.slots.vacate(slot) else {
            return;
        };
        self.memory.recount(peer.counted, 0);
        self.statistics.commands_resent += peer.traffic.commands_resent;
        self.statistics.commands_lost += peer.traffic.commands_lost;
        self.agenda.ready.remove(slot);
        self.agenda.clear_timer(&mut peer);
        if peer.dispatched {
            self.agenda.dispatch.retain(|&waiting| waiting != slot);
        }
        self.addresses.remove(&peer);
    }
}
