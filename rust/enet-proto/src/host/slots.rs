//! [`Slots`]: the peer table, and [`SlotSet`], sets of its indices that are walked without looking at every slot.

use super::labels::Labels;
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;
use crate::event::PeerId;
use crate::peer::{Peer, Sessions};

/// A set of slot indices below 4096, walked in order at a cost that follows its members.
#[derive(Debug)]
pub(super) struct SlotSet {
    /// A bit for each word that is not zero.
    summary: u64,
    words: [u64; 64],
}

impl Default for SlotSet {
    fn default() -> Self {
        Self {
            summary: 0,
            words: [0; 64],
        }
    }
}

impl SlotSet {
    pub(super) const fn insert(&mut self, slot: u16) {
        self.words[slot as usize / 64] |= 1 << (slot % 64);
        self.summary |= 1 << (slot / 64);
    }

    pub(super) const fn remove(&mut self, slot: u16) {
        let word = &mut self.words[slot as usize / 64];
        *word &= !(1 << (slot % 64));
        if *word == 0 {
            self.summary &= !(1 << (slot / 64));
        }
    }

    pub(super) const fn contains(&self, slot: u16) -> bool {
        self.words[slot as usize / 64] & (1 << (slot % 64)) != 0
    }

    /// The lowest member from `slot` on.
    pub(super) fn next(&self, slot: u16) -> Option<u16> {
        let first = slot / 64;
        let word = self.words.get(usize::from(first))? & (u64::MAX << (slot % 64));
        if word != 0 {
            return Some(first * 64 + bit(word));
        }
        let later = self.summary & u64::MAX.checked_shl(u32::from(first) + 1).unwrap_or(0);
        (later != 0).then(|| bit(later) * 64 + bit(self.words[usize::from(bit(later))]))
    }

    /// The lowest index that is no member.
    fn lowest_absent(&self) -> Option<u16> {
        let index = self.words.iter().position(|&word| word != u64::MAX)?;
        Some(u16::try_from(index).ok()? * 64 + bit(!self.words[index]))
    }

    fn iter(&self) -> impl Iterator<Item = u16> {
        std::iter::successors(self.next(0), |&slot| self.next(slot + 1))
    }
}

/// Index of the lowest bit set in a word that has one.
#[expect(clippy::cast_possible_truncation, reason = "below 64")]
const fn bit(word: u64) -> u16 {
    word.trailing_zeros() as u16
}

/// What of a slot outlives its peers.
#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    sessions: Sessions,
    peer: Option<Box<Peer>>,
}

/// The peer table. It grows to the highest slot ever used.
#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    labels: Labels,
    used: SlotSet,
    len: usize,
}

impl Slots {
    /// Peers in the table.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The lowest free slot below `limit`, as the id of the next peer in it and the sessions of the last one.
    pub(super) fn vacant(&mut self, limit: u16) -> Option<(PeerId, Sessions)> {
        let slot = self
            .used
            .lowest_absent()
            .filter(|&slot| slot < limit.min(PROTOCOL_MAXIMUM_PEER_ID))?;
        if self.slots.len() <= usize::from(slot) {
            self.slots.resize_with(usize::from(slot) + 1, Slot::default);
        }
        let Slot {
            generation,
            sessions,
            ..
        } = self.slots[usize::from(slot)];
        Some((PeerId { slot, generation }, sessions))
    }

    /// Puts a peer into the slot that [`vacant`](Self::vacant) gave.
    pub(super) fn occupy(&mut self, peer: Peer) -> &mut Peer {
        let index = peer.id.slot;
        self.used.insert(index);
        self.len += 1;
        self.labels.assign(peer.label, index);
        let slot = &mut self.slots[usize::from(index)];
        debug_assert!(slot.peer.is_none() && slot.generation == peer.id.generation);
        slot.peer.insert(Box::new(peer))
    }

    /// Takes the peer out; its id never comes back.
    pub(super) fn vacate(&mut self, slot: u16) -> Option<Box<Peer>> {
        let entry = self.slots.get_mut(usize::from(slot))?;
        let peer = entry.peer.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        entry.sessions = peer.sessions;
        self.used.remove(slot);
        self.len -= 1;
        self.labels.give_up(peer.label);
        Some(peer)
    }

    /// The slot of the peer that remotes address by `label`.
    pub(super) fn labelled(&self, label: u16) -> Option<u16> {
        self.labels.slot(label)
    }

    /// Lets the peer in a slot be addressed by another label, which nobody has.
    pub(super) fn relabel(&mut self, slot: u16, label: u16) {
        if let Some(peer) = self.at_mut(slot) {
            let former = std::mem::replace(&mut peer.label, label);
            self.labels.give_up(former);
            self.labels.assign(label, slot);
        }
    }

    /// Who has which label.
    pub(super) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The peer in a slot.
    pub(super) fn at(&self, slot: u16) -> Option<&Peer> {
        self.slots.get(usize::from(slot))?.peer.as_deref()
    }

    /// The peer in a slot.
    pub(super) fn at_mut(&mut self, slot: u16) -> Option<&mut Peer> {
        self.slots.get_mut(usize::from(slot))?.peer.as_deref_mut()
    }

    /// The peer of this id, unless it is gone.
    pub(super) fn get(&self, id: PeerId) -> Option<&Peer> {
        self.at(id.slot).filter(|peer| peer.id == id)
    }

    /// The peer of this id, unless it is gone.
    pub(super) fn get_mut(&mut self, id: PeerId) -> Option<&mut Peer> {
        self.at_mut(id.slot).filter(|peer| peer.id == id)
    }

    /// All peers, in order of their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.used.iter().filter_map(|slot| self.at(slot))
    }

    /// All peers, in order of their slots.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.slots
            .iter_mut()
            .filter_map(|slot| slot.peer.as_deref_mut())
    }

    /// The sessions of the last peer in a free slot.
    #[cfg(test)]
    pub(super) fn sessions(&self, slot: u16) -> Sessions {
        self.slots
            .get(usize::from(slot))
            .map_or_else(Sessions::default, |slot| slot.sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_walked_in_order_from_anywhere() {
        let mut set = SlotSet::default();
        let members = [0, 1, 63, 64, 200, 4032, 4094, 4095];
        members.into_iter().rev().for_each(|slot| set.insert(slot));
        assert_eq!(set.iter().collect::<Vec<_>>(), members);
        for from in 0..=4096 {
            assert_eq!(
                set.next(from),
                members.into_iter().find(|&member| member >= from),
                "from {from}"
            );
        }
        members.into_iter().for_each(|slot| set.remove(slot));
        assert_eq!((set.next(0), set.summary), (None, 0));
    }

    #[test]
    fn the_lowest_free_slot_is_taken_and_every_generation_is_new() {
        let mut slots = Slots::default();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
        let occupy = |slots: &mut Slots| {
            let (id, sessions) = slots.vacant(3)?;
            slots.occupy(Peer::new(
                id,
                address,
                crate::PeerState::Connecting,
                sessions,
                &crate::HostConfig::new(3, [0; 32]),
            ));
            Some(id)
        };
        let ids: Vec<PeerId> = std::iter::from_fn(|| occupy(&mut slots)).collect();
        assert_eq!(ids.iter().map(|id| id.slot).collect::<Vec<_>>(), [0, 1, 2]);
        slots.vacate(1);
        let again = occupy(&mut slots).unwrap();
        assert_eq!(again.slot, 1);
        assert!(slots.get(ids[1]).is_none() && slots.get(again).is_some());
    }
}
