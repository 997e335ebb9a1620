//! [`Agenda`]: the peers with work.

use std::collections::{BTreeSet, VecDeque};

use super::slots::SlotSet;
use crate::event::Event;
use crate::peer::Peer;
use crate::time::Time;

/// Which peers are to be looked at, why and when.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// Peers that may have something to send.
    pub(super) ready: SlotSet,
    pub(super) timers: BTreeSet<(Time, u16)>,
    /// Peers with packets, or an end, for the application: served in turn.
    pub(super) dispatch: VecDeque<u16>,
    /// Events that go before those.
    pub(super) notices: VecDeque<Event>,
}

impl Agenda {
    /// Puts the peer into the dispatch queue if it has something for the application and is not there yet.
    pub(super) fn dispatch(&mut self, peer: &mut Peer) {
        if !peer.dispatched && peer.has_news() {
            peer.dispatched = true;
            self.dispatch.push_back(peer.id.slot);
        }
    }

    /// Sets the peer's timer, unless it rings before `deadline` anyway.
    pub(super) fn set_timer(&mut self, peer: &mut Peer, deadline: Time) {
        if peer.timer.is_none_or(|timer| deadline < timer) {
            self.clear_timer(peer);
            peer.timer = Some(deadline);
            self.timers.insert((deadline, peer.id.slot));
        }
    }

    pub(super) fn clear_timer(&mut self, peer: &mut Peer) {
        if let Some(timer) = peer.timer.take() {
            self.timers.remove(&(timer, peer.id.slot));
        }
    }
}
