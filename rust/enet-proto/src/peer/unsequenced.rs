//! [`UnsequencedWindow`]: tells new unsequenced packets from copies.

use crate::consts::{PEER_FREE_UNSEQUENCED_WINDOWS, PEER_UNSEQUENCED_WINDOW_SIZE};

const WORDS: usize = PEER_UNSEQUENCED_WINDOW_SIZE as usize / 64;

/// The block of 1024 groups that arrives now, with a bit for each group seen. Earlier blocks are gone; a group up to
/// 32767 ahead begins its own block.
///
/// Source: `enet_protocol_handle_send_unsequenced`, ENet 1.3.18 `protocol.c`.
#[derive(Debug, Default)]
pub(crate) struct UnsequencedWindow {
    start: u16,
    /// Allocated with the first group.
    seen: Option<Box<[u64; WORDS]>>,
}

/// A group that may be delivered, to be confirmed with [`UnsequencedWindow::mark`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fresh(u16);

impl UnsequencedWindow {
    /// Whether `group` is new; may move the window.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "constants of ENet that fit 16 bits, 32 * 1024 = 0x8000 included"
    )]
    pub(crate) fn check(&mut self, group: u16) -> Option<Fresh> {
        const SIZE: u16 = PEER_UNSEQUENCED_WINDOW_SIZE as u16;
        const REACH: u16 = (PEER_FREE_UNSEQUENCED_WINDOWS * PEER_UNSEQUENCED_WINDOW_SIZE) as u16;
        let index = group % SIZE;
        if group.wrapping_sub(self.start) >= REACH {
            return None;
        }
        if group - index != self.start {
            self.start = group - index;
            if let Some(seen) = &mut self.seen {
                **seen = [0; WORDS];
            }
        }
        let seen = self.seen.get_or_insert_default();
        (seen[usize::from(index / 64)] & 1 << (index % 64) == 0).then_some(Fresh(index))
    }

    /// First group of the block that arrives now.
    #[cfg(test)]
    pub(crate) const fn start(&self) -> u16 {
        self.start
    }

    /// Remembers that the group was delivered.
    pub(crate) fn mark(&mut self, Fresh(index): Fresh) {
        self.seen.get_or_insert_default()[usize::from(index / 64)] |= 1 << (index % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_32767_ahead_of_the_window_is_new_and_one_further_is_old() {
        for start in [0, 1024, 32768, 64512] {
            let mut window = UnsequencedWindow { start, seen: None };
            assert!(
                window.check(start.wrapping_add(32768)).is_none(),
                "window at {start}"
            );
            assert!(
                window.check(start.wrapping_sub(1)).is_none(),
                "window at {start}"
            );
            assert_eq!(window.start(), start);
            assert!(
                window.check(start.wrapping_add(32767)).is_some(),
                "window at {start}"
            );
            assert_eq!(
                window.start(),
                start.wrapping_add(31 * 1024),
                "the group begins its own block"
            );
        }
    }
}
