//! What the host hands out to the application, and what the application has taken.

use super::Host;
use crate::event::{Event, PeerId};

impl Host {
    /// The next thing the application should know, `None` when there is nothing.
    ///
    /// Peers with packets are served in turn, one packet each.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = match self.agenda.notices.pop_front() {
            Some(notice) => {
                let (Event::Connect { peer: id, .. }
                | Event::Disconnect { peer: id, .. }
                | Event::Receive { peer: id, .. }) = notice;
                if let Some(peer) = self.slots.get_mut(id) {
                    peer.unreleased += 1;
                }
                notice
            }
            None => self.next_dispatched()?,
        };
        if !self.config.manual_release {
            let (id, bytes) = match &event {
                Event::Receive { peer, packet, .. } => (*peer, packet.len()),
                Event::Connect { peer, .. } | Event::Disconnect { peer, .. } => (*peer, 0),
            };
            self.release(id, 1, bytes);
        }
        Some(event)
    }

    /// With [`HostConfig::manual_release`](crate::HostConfig::manual_release): the application took `events` events of
    /// this peer, with `bytes` of payload.
    ///
    /// A peer whose end was reported keeps its slot until all its events are taken, as ENet keeps it until the
    /// application has asked for the last: what nobody takes stays within the limits of the slots.
    pub fn release(&mut self, peer: PeerId, events: usize, bytes: usize) {
        let Some(peer) = self.slots.get_mut(peer) else {
            return;
        };
        peer.waiting = peer.waiting.saturating_sub(bytes);
        peer.unreleased = peer.unreleased.saturating_sub(events);
        let (slot, is_over) = (peer.id.slot, peer.end_reported && peer.unreleased == 0);
        self.recount(slot);
        if is_over {
            self.remove(slot);
        }
    }

    /// The event of the peer whose turn it is.
    fn next_dispatched(&mut self) -> Option<Event> {
        while let Some(slot) = self.agenda.dispatch.pop_front() {
            let Some(peer) = self.slots.at_mut(slot) else {
                continue;
            };
            peer.dispatched = false;
            if let Some(received) = peer.ready.pop_front() {
                peer.unreleased += 1;
                self.agenda.dispatch(peer);
                return Some(Event::Receive {
                    peer: peer.id,
                    channel_id: received.channel_id,
                    packet: received.packet,
                });
            }
            if peer.has_news() {
                self.recalculate = true;
                peer.unreleased += 1;
                return Some(peer.report_end());
            }
        }
        None
    }
}
