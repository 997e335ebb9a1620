//! [`Labels`]: the numbers by which remotes address our peers, and the way from a number to its peer.
//!
//! On the wire a peer has a number of 12 bits. ENet uses the index in its peer table; here it is a label, drawn at
//! random from all 4095, so that whoever cannot read our datagrams does not know it, while the table stays as small as
//! the peers are few. A label that was given up rests until [`RESTING`] others were given up after it: datagrams of the
//! old connection that are still under way find nobody.

use std::collections::VecDeque;

use super::slots::SlotSet;
use crate::choices::Choices;
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;

/// Labels that rest at most; fewer as soon as the free ones run out.
const RESTING: usize = 1024;
/// Draws for a label that nobody has, was offered or had a short time ago; then draws for one that nobody has.
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
    resting: VecDeque<u16>,
    rests: SlotSet,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            pages: [const { None }; PAGE],
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
        page[usize::from(label) % PAGE] = slot;
    }

    /// Takes the label back and lets it rest.
    pub(super) fn give_up(&mut self, label: u16) {
        if let Some(page) = &mut self.pages[usize::from(label) / PAGE] {
            page[usize::from(label) % PAGE] = NOBODY;
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

    /// Draws a label that no peer has; if possible one that is not `offered` to somebody and does not rest either.
    ///
    /// There is one, as there are fewer peers than labels.
    pub(super) fn draw(&self, choices: &mut dyn Choices, offered: impl Fn(u16) -> bool) -> u16 {
        let unheld = |label: &u16| self.slot(*label).is_none();
        let fresh = |label: &u16| unheld(label) && !self.rests.contains(*label) && !offered(*label);
        (0..DRAWS)
            .map(|_| choices.label())
            .find(fresh)
            .or_else(|| (0..DRAWS).map(|_| choices.label()).find(unheld))
            .or_else(|| (0..PROTOCOL_MAXIMUM_PEER_ID).find(unheld))
            .expect("a table has fewer peers than there are labels")
    }
}
