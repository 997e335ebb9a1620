//! [`Labels`]: the numbers by which remotes address our peers, and the way from a number to its peer.
//!
//! On the wire a peer has a number of 12 bits. ENet uses the index in its peer table; here it is a label, drawn at
//! random from all 4095, so that whoever cannot read our datagrams does not know it, while the table stays as small as
//! the peers are few. A label that was given up rests until [`RESTING`] others were given up after it: datagrams of the
//! old connection that are still under way find nobody.

use std::collections::VecDeque;

use super::half_open::HalfOpen;
use super::slots::SlotSet;
use crate::choices::Choices;
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;

/// Labels that rest at most; fewer as soon as the free ones run out.
const RESTING: usize = 1024;
/// Draws for a label that nobody has, was offered or had a short time ago, before they are looked through.
const DRAWS: usize = 64;
/// Labels on a page.
const PAGE: usize = 64;
/// Marks a label without a peer.
const NOBODY: u16 = u16::MAX;

type Page = Box<[u16; PAGE]>;

/// Who has which label.
pub(super) struct Labels {
    /// Slots by label. A page exists once one of its labels was in use.
    pages: [Option<Page>; PAGE],
    /// Labels in use.
    held: usize,
    resting: VecDeque<u16>,
    rests: SlotSet,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            pages: [const { None }; PAGE],
            held: 0,
            resting: VecDeque::new(),
            rests: SlotSet::default(),
        }
    }
}

impl Labels {
    /// The slot of the peer with this label.
    pub(super) fn slot(&self, label: u16) -> Option<u16> {
        let page = self.pages.get(usize::from(label) / PAGE)?.as_deref()?;
        Some(page[usize::from(label) % PAGE]).filter(|&slot| slot != NOBODY)
    }

    /// Gives the label to the peer in `slot`.
    pub(super) fn assign(&mut self, label: u16, slot: u16) {
        let page =
            self.pages[usize::from(label) / PAGE].get_or_insert_with(|| Box::new([NOBODY; PAGE]));
        let former = std::mem::replace(&mut page[usize::from(label) % PAGE], slot);
        self.held += usize::from(former == NOBODY);
    }

    /// Takes the label back and lets it rest.
    pub(super) fn give_up(&mut self, label: u16) {
        if let Some(page) = &mut self.pages[usize::from(label) / PAGE] {
            let former = std::mem::replace(&mut page[usize::from(label) % PAGE], NOBODY);
            self.held -= usize::from(former != NOBODY);
        }
        if !self.rests.contains(label) {
            self.rests.insert(label);
            self.resting.push_back(label);
        }
        if self.resting.len() > RESTING
            && let Some(rested) = self.resting.pop_front()
        {
            self.rests.remove(rested);
        }
    }

    /// Draws a label that no peer has; if possible one that is not offered to any of `attempts` either, and best one that
    /// does not rest.
    ///
    /// `None` if there are as many peers as labels.
    pub(super) fn draw(&self, choices: &mut dyn Choices, attempts: &HalfOpen) -> Option<u16> {
        let unheld = |label: &u16| self.slot(*label).is_none();
        let unoffered = |label: &u16| unheld(label) && !attempts.offers(*label);
        let fresh = |label: &u16| unoffered(label) && !self.rests.contains(*label);
        let drawn = (0..DRAWS).map(|_| choices.label()).find(fresh);
        let lonely = || {
            // Few are left: of two attempts with one label only the first gets in.
            let some = self.held + attempts.len() <= usize::from(PROTOCOL_MAXIMUM_PEER_ID);
            let walk = some.then(|| all_from(choices.label()));
            walk.into_iter().flatten().find(unoffered)
        };
        drawn
            .or_else(lonely)
            .or_else(|| all_from(choices.label()).find(unheld))
    }
}

/// All labels, beginning with `first`.
fn all_from(first: u16) -> impl Iterator<Item = u16> {
    (first..PROTOCOL_MAXIMUM_PEER_ID).chain(0..first)
}
