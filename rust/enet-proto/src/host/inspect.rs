//! What only tests see and set: the replay of recorded traffic, and simulated networks that wait until all is quiet.

use super::Host;
use crate::choices::Choices;
use crate::event::PeerId;
use crate::peer::{Inspection, Peer, PeerState};

impl Host {
    /// Whether nothing is queued and nothing awaits an acknowledgement; only pings and ticks will come.
    pub(crate) fn is_idle(&self) -> bool {
        self.farewells.is_empty() && self.slots.iter().all(Peer::is_drained)
    }

    /// Every recorded field of the peer in `slot`; a free slot answers with the values of a reset.
    pub(crate) fn inspect(&self, slot: u16) -> Inspection {
        match self.slots.at(slot) {
            Some(peer) => peer.inspect(),
            None => {
                let id = PeerId {
                    slot,
                    generation: 0,
                };
                let address = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
                let sessions = self.slots.sessions(slot);
                Peer::new(id, address, PeerState::Disconnected, sessions, &self.config).inspect()
            }
        }
    }

    /// First group of the block of unsequenced groups that a peer receives now.
    pub(crate) fn unsequenced_window_start(&self, slot: u16) -> u16 {
        self.slots
            .at(slot)
            .expect("the recorder had a peer there")
            .unsequenced
            .start()
    }

    /// Sets throttle and limit of a peer to `value`, for good.
    pub(crate) fn force_throttle(&mut self, slot: u16, value: u32) {
        let peer = self
            .slots
            .at_mut(slot)
            .expect("the recorder had a peer there");
        (peer.throttle.value, peer.throttle.limit) = (value, value);
        (peer.throttle.acceleration, peer.throttle.deceleration) = (0, 0);
    }

    /// Replaces random choices by recorded ones.
    pub(crate) fn set_choices(&mut self, choices: Box<dyn Choices>) {
        self.choices = choices;
    }
}
