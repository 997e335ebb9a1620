//! Attempts to connect that ask for something else when what they asked for is taken.
//!
//! Nobody but the remote knows which numbers are in use there, so who draws one at random may hit one of them. He need
//! not be told: the attempt begins anew under another number, and stays the same peer with the same settings.

use super::Host;
use crate::event::PeerId;
use crate::outcome::Reason;
use crate::peer::PeerState;

impl Host {
    /// Gives an attempt to connect other user data to ask with, first come first served, each time that the remote
    /// refuses with [`Reason::IdTaken`]. There is no event before the last is refused, and no more time for all of them
    /// than [`PeerTimes::connect_timeout`](crate::PeerTimes) gives. Nothing happens unless the peer is connecting.
    pub fn set_alternatives(&mut self, peer: PeerId, alternatives: Vec<u32>) {
        if let Some(peer) = self.slots.get_mut(peer)
            && peer.state == PeerState::Connecting
        {
            peer.asking.alternatives = alternatives.into();
        }
    }

    /// The user data with which we asked for the connection, at last; `None` for a peer that asked us, or is gone.
    #[must_use]
    pub fn asked_data(&self, peer: PeerId) -> Option<u32> {
        self.slots.get(peer)?.asking.data
    }

    /// The remote of a peer that is connecting refused with `refusal`: asks otherwise, if that may help and there is
    /// something else to ask with.
    pub(super) fn ask_otherwise(&mut self, slot: u16, refusal: u32) -> bool {
        let is_taken = Reason::from_data(refusal) == Some(Reason::IdTaken);
        let Some(peer) = self.slots.at_mut(slot).filter(|_| is_taken) else {
            return false;
        };
        let (Some(data), last) = (peer.asking.alternatives.pop_front(), peer.sessions) else {
            return false;
        };
        // Under another label, if one is free, so that a second refusal of the same attempt finds nobody.
        let labels = self.slots.labels();
        if let Some(label) = labels.draw(&mut *self.choices, &self.half_open) {
            self.slots.relabel(slot, label);
        }
        let connect_id = self.choices.connect_id();
        let sessions = self.choices.named_sessions(last);
        let first = self.choices.first_number();
        let Some(peer) = self.slots.at_mut(slot) else {
            return false;
        };
        peer.ask_anew(connect_id, sessions, first);
        peer.asking.data = Some(data);
        let connect = peer.connect_command(&self.config, data);
        peer.queue_control(&mut self.stamp, connect);
        self.agenda.ready.insert(slot);
        true
    }
}
