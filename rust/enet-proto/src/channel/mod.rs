//! [`Channel`]: sequence numbers and windows of one channel, both ways, and what waits in it for its turn.
//!
//! A channel knows nothing of its peer: what it charges and where it delivers comes with each call as [`Intake`].
//! Its sending side numbers commands and finds them again by number; its receiving side decides what is new, holds
//! what came too early, and delivers in order.

mod reassembly;
mod receive;

use crate::consts::{PEER_FREE_RELIABLE_WINDOWS, PEER_RELIABLE_WINDOW_SIZE, PEER_RELIABLE_WINDOWS};
use crate::peer::NumberIndex;

use receive::Incoming;
pub(crate) use receive::{Abort, Allowance, Held, Intake};

/// One channel of a peer.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    outgoing_reliable_number: u16,
    outgoing_unreliable_number: u16,
    /// Unacknowledged reliable commands, sent or not.
    pub(crate) unacknowledged: NumberIndex,
    /// Commands sent and not acknowledged, by window.
    in_window: [u16; PEER_RELIABLE_WINDOWS as usize],
    incoming: Incoming,
}

impl Channel {
    /// Numbers the next reliable command.
    pub(crate) const fn next_reliable(&mut self) -> u16 {
        self.outgoing_reliable_number = self.outgoing_reliable_number.wrapping_add(1);
        self.outgoing_unreliable_number = 0;
        self.outgoing_reliable_number
    }

    /// Numbers the next unreliable packet: the reliable number it follows, and its own.
    pub(crate) const fn next_unreliable(&mut self) -> (u16, u16) {
        self.outgoing_unreliable_number = self.outgoing_unreliable_number.wrapping_add(1);
        (
            self.outgoing_reliable_number,
            self.outgoing_unreliable_number,
        )
    }

    /// Whether no unreliable number is left until the next reliable command.
    pub(crate) const fn unreliable_exhausted(&self) -> bool {
        self.outgoing_unreliable_number == u16::MAX
    }

    /// Counts the first transmission of reliable command `number`.
    pub(crate) const fn enter_window(&mut self, number: u16) {
        self.in_window[window(number)] += 1;
    }

    /// Counts the acknowledgement of reliable command `number`.
    pub(crate) const fn leave_window(&mut self, number: u16) {
        let count = &mut self.in_window[window(number)];
        *count = count.saturating_sub(1);
    }

    /// Whether `number` may be sent for the first time: the first of a window waits until the window before it has an
    /// acknowledgement and the ten from its own on are clear.
    pub(crate) fn may_open_window(&self, number: u16) -> bool {
        if !number.is_multiple_of(PEER_RELIABLE_WINDOW_SIZE) {
            return true;
        }
        let windows = usize::from(PEER_RELIABLE_WINDOWS);
        let own = window(number);
        self.in_window[(own + windows - 1) % windows] < PEER_RELIABLE_WINDOW_SIZE
            && (own..=own + usize::from(PEER_FREE_RELIABLE_WINDOWS) + 1)
                .all(|w| self.in_window[w % windows] == 0)
    }

    /// What the receiving side thinks of a reliable number.
    pub(crate) const fn range_of(&self, number: u16) -> Range {
        self.incoming.range_of(number)
    }

    /// The receiving side.
    pub(crate) const fn incoming(&mut self) -> &mut Incoming {
        &mut self.incoming
    }
}

const fn window(number: u16) -> usize {
    (number / PEER_RELIABLE_WINDOW_SIZE) as usize
}

/// Where a reliable number lies, seen from the last one delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// In the receiver's window or the six behind it: taken and acknowledged.
    Acceptable,
    /// One of the next two windows: neither taken nor acknowledged.
    TooFar,
    /// Anything else counts as a duplicate of something old: acknowledged, not taken.
    Old,
}

impl Range {
    /// Source: the window tests of `enet_peer_queue_incoming_command` and `enet_peer_queue_acknowledgement`.
    const fn of(number: u16, base: u16) -> Self {
        let mut distance = window(number)
            + if number < base {
                PEER_RELIABLE_WINDOWS as usize
            } else {
                0
            };
        distance -= window(base);
        match distance {
            0..=6 => Self::Acceptable,
            7..=8 => Self::TooFar,
            _ => Self::Old,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_of_a_window_waits_for_each_of_the_ten_from_its_own_on_and_for_no_other() {
        for own in 0..16 {
            for straggler in 0..16 {
                let mut channel = Channel::default();
                channel.enter_window(straggler * 4096 + 7);
                let ahead = (straggler + 16 - own) % 16;
                assert_eq!(
                    channel.may_open_window(own * 4096),
                    ahead >= 10,
                    "{straggler} blocks {own}"
                );
                assert!(
                    channel.may_open_window(own * 4096 + 1),
                    "only the first of a window waits"
                );
                channel.leave_window(straggler * 4096 + 7);
                assert!(channel.may_open_window(own * 4096));
            }
        }
    }

    #[test]
    fn first_of_a_window_waits_for_one_acknowledgement_in_a_full_window_before_it() {
        let mut channel = Channel::default();
        for number in 4096..8192 {
            assert!(channel.may_open_window(8192));
            channel.enter_window(number);
        }
        assert!(!channel.may_open_window(8192));
        channel.leave_window(5000);
        assert!(channel.may_open_window(8192));
    }
}
