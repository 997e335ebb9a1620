//! What is sent again, and in which order.
//!
//! A receiver without room takes of each channel only what is next in line there, and to the sender all it refuses is
//! lost. So the fast strategy sends first what is closest to the head of its channel: were a window of what is refused
//! sent in front of that, again and again, the connection would stand still.

use std::time::Duration;

use super::fast::is_small;
use super::{Peer, u32_len};
use crate::peer::channels::ChannelTable;
use crate::peer::outgoing::{Key, Outgoing, Queue};
use crate::time::Time;

impl Peer {
    /// Takes commands off the list of sent ones, to be sent again before anything else of their kind.
    pub(super) fn send_again_first(&mut self, keys: &[Key]) {
        let (control, reliable) = self.out_of_transit(keys);
        self.queues.move_to_front(&control, Queue::Control);
        self.queues.move_to_front(&reliable, Queue::Reliable);
    }

    /// Takes commands off the list of sent ones, to be sent again in turn: small ones first, which wait for nothing but
    /// those on their channel, then what is closest to the head of its channel.
    pub(super) fn send_again_in_turn(&mut self, keys: &[Key]) {
        let (control, mut reliable) = self.out_of_transit(keys);
        let Self {
            queues, channels, ..
        } = self;
        let turn = |item: &Outgoing| (!is_small(item), from_head(channels, item));
        reliable.sort_by_key(|&key| turn(queues.get(key)));
        queues.move_to_front(&control, Queue::Control);
        queues.merge(&reliable, Queue::Reliable, turn);
    }

    /// What a probe may consist of, what is nearest to the head of its channel first, of this what left longest ago.
    pub(super) fn probe_candidates(&self, now: Time, timeout: Duration) -> Vec<Key> {
        let overdue = self.queues.iter(Queue::Sent);
        let overdue = overdue.take_while(|(_, item)| item.last.at + timeout <= now);
        let mut candidates: Vec<_> = overdue
            .chain(self.queues.iter(Queue::Reliable))
            .map(|(key, item)| (from_head(&self.channels, item), item.last.datagram, key))
            .collect();
        candidates.sort_unstable_by_key(|&(from_head, datagram, _)| (from_head, datagram));
        candidates.into_iter().map(|(.., key)| key).collect()
    }

    /// Books that commands are no longer in transit; returns those without and with a packet.
    fn out_of_transit(&mut self, keys: &[Key]) -> (Vec<Key>, Vec<Key>) {
        let (reliable, control) = keys
            .iter()
            .partition(|&&key| self.queues.get(key).has_packet());
        let in_transit = &mut self.recovery.in_transit;
        for &key in &reliable {
            let len = u32_len(self.queues.get(key).payload.len());
            *in_transit = in_transit.saturating_sub(len);
        }
        (control, reliable)
    }
}

/// How many numbers of its channel a command is behind the first that is not acknowledged.
fn from_head(channels: &ChannelTable, item: &Outgoing) -> u16 {
    let oldest = channels.oldest_unacknowledged(item.header.channel_id);
    oldest.map_or(0, |oldest| item.header.number.wrapping_sub(oldest))
}
