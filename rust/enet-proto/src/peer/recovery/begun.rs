//! [`Begun`]: large messages that are under way, so that a receiver is not asked to hold more of them than it can.
//!
//! ENet's receivers hold what a message announces from its first fragment on, 32 MiB in all, and refuse what goes beyond.
//! To the sender that is loss: what is refused leaves again and again, takes the window from what could be completed, and
//! the connection stands still until it times out. So of large messages on several channels no more begin at a time than
//! there surely is room for.

use crate::wire::Fragment;

/// Bytes above which a message is large; of others, one on each of 255 channels takes 16 MiB.
const LARGE: usize = 64 * 1024;
/// Bytes that large messages may have together, unless one alone has more: half of what ENet's receivers hold for a peer.
const ROOM: usize = 16 * 1024 * 1024;

/// Large messages of a peer of which a part is not acknowledged.
#[derive(Debug, Default)]
pub(super) struct Begun {
    messages: Vec<Message>,
    bytes: usize,
    /// The channel whose message waits for room. None begins on others until that one did, or a larger message would
    /// wait for as long as others have smaller ones.
    next: Option<u8>,
}

#[derive(Debug)]
struct Message {
    channel_id: u8,
    start: u16,
    bytes: usize,
    /// Fragments that are not acknowledged.
    left: u32,
}

impl Begun {
    /// Whether a message may begin, if that is what `fragment` does; one that may not is the next to.
    pub(super) fn admits(&mut self, channel_id: u8, fragment: &Fragment) -> bool {
        let bytes = fragment.total as usize;
        if fragment.number != 0 || bytes <= LARGE {
            return true;
        }
        if self.next.is_some_and(|next| next != channel_id) {
            return false;
        }
        let has_room = self.bytes == 0 || self.bytes + bytes <= ROOM;
        if !has_room {
            self.next = Some(channel_id);
        }
        has_room
    }

    /// `fragment` leaves for the first time.
    pub(super) fn left(&mut self, channel_id: u8, fragment: &Fragment) {
        let bytes = fragment.total as usize;
        if fragment.number == 0 && bytes > LARGE {
            self.next = None;
            self.bytes += bytes;
            self.messages.push(Message {
                channel_id,
                start: fragment.start,
                bytes,
                left: fragment.count,
            });
        }
    }

    /// `fragment` is acknowledged.
    pub(super) fn acknowledged(&mut self, channel_id: u8, fragment: &Fragment) {
        let is_its =
            |message: &Message| message.channel_id == channel_id && message.start == fragment.start;
        let Some(index) = self.messages.iter().position(is_its) else {
            return;
        };
        let message = &mut self.messages[index];
        message.left = message.left.saturating_sub(1);
        if message.left == 0 {
            self.bytes -= self.messages.swap_remove(index).bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(start: u16, number: u32, total: u32) -> Fragment {
        Fragment {
            start,
            len: 1,
            count: 2,
            number,
            total,
            offset: number,
        }
    }

    const MEBIBYTE: u32 = 1 << 20;

    #[test]
    fn what_is_large_begins_when_there_is_room_and_alone_always() {
        let mut begun = Begun::default();
        assert!(begun.admits(0, &fragment(1, 0, 32 * MEBIBYTE)));
        begun.left(0, &fragment(1, 0, 10 * MEBIBYTE));
        begun.left(0, &fragment(1, 1, 10 * MEBIBYTE));
        assert!(begun.admits(1, &fragment(1, 0, 6 * MEBIBYTE)));
        assert!(!begun.admits(1, &fragment(1, 0, 7 * MEBIBYTE)));
        assert!(begun.admits(1, &fragment(1, 1, 7 * MEBIBYTE)));
        begun.left(1, &fragment(1, 0, 6 * MEBIBYTE));
        assert!(!begun.admits(0, &fragment(3, 0, MEBIBYTE)));
        assert!(begun.admits(0, &fragment(3, 0, 1000)));
        for channel_id in [1, 0, 2] {
            begun.acknowledged(channel_id, &fragment(1, 0, 10 * MEBIBYTE));
        }
        begun.acknowledged(0, &fragment(1, 1, 10 * MEBIBYTE));
        assert!(begun.admits(0, &fragment(3, 0, 10 * MEBIBYTE)));
        begun.acknowledged(1, &fragment(1, 1, 6 * MEBIBYTE));
        assert!(begun.messages.is_empty() && begun.bytes == 0);
    }

    #[test]
    fn no_other_channel_takes_the_room_that_one_waits_for() {
        let mut begun = Begun::default();
        begun.left(0, &fragment(1, 0, 10 * MEBIBYTE));
        assert!(!begun.admits(1, &fragment(1, 0, 10 * MEBIBYTE)));
        assert!(!begun.admits(2, &fragment(1, 0, MEBIBYTE)));
        assert!(begun.admits(2, &fragment(1, 0, 1000)));
        begun.acknowledged(0, &fragment(1, 0, 10 * MEBIBYTE));
        begun.acknowledged(0, &fragment(1, 1, 10 * MEBIBYTE));
        assert!(!begun.admits(2, &fragment(1, 0, MEBIBYTE)));
        assert!(begun.admits(1, &fragment(1, 0, 10 * MEBIBYTE)));
        begun.left(1, &fragment(1, 0, 10 * MEBIBYTE));
        assert!(begun.admits(2, &fragment(1, 0, MEBIBYTE)));
    }
}
