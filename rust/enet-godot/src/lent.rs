//! [`Lent`]: the bytes that Godot was handed last.

use enet_proto::Packet;
use godot::global::Error as GodotError;

use crate::convert::Said;
use crate::error::ReadError;

/// Packets kept alive at once.
const KEPT: usize = 4;

/// Keeps the packets handed out last where they are.
///
/// Godot reads the bytes after the call has returned, and `SceneMultiplayer` may run user code while it is still
/// reading: a nested `get_packet`, `poll` or `close` in there must not take the bytes away.
#[derive(Default)]
pub(crate) struct Lent {
    kept: [Packet; KEPT],
    next: usize,
}

impl Lent {
    /// Keeps `packet` until [`KEPT`] more were lent, and returns where its bytes are.
    pub(crate) fn lend(&mut self, packet: Packet) -> LentBytes {
        let slot = &mut self.kept[self.next];
        self.next = (self.next + 1) % KEPT;
        *slot = packet;
        let data = slot.data();
        LentBytes {
            start: data.as_ptr(),
            // A packet is at most 32 MiB.
            len: i32::try_from(data.len()).unwrap_or(i32::MAX),
        }
    }
}

/// A place in memory that the engine may read, for a while.
pub(crate) struct LentBytes {
    start: *const u8,
    len: i32,
}

/// Answers Godot's `_get_packet` by `result`: writes where the bytes are, or says why there are none.
///
/// # Safety
/// `start` and `len` are the two out pointers of a `_get_packet` call.
pub(crate) unsafe fn hand_out(
    result: Result<LentBytes, ReadError>,
    start: *mut *const u8,
    len: *mut i32,
) -> Said<GodotError> {
    Said::code(result.map(|bytes| {
        // SAFETY: by this function's contract both point to variables of the caller.
        unsafe {
            start.write(bytes.start);
            len.write(bytes.len);
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &LentBytes) -> Vec<u8> {
        let len = usize::try_from(bytes.len).unwrap();
        // SAFETY: the ring that lent them is alive and has not lent enough since to drop them.
        unsafe { std::slice::from_raw_parts(bytes.start, len) }.to_vec()
    }

    #[test]
    fn bytes_stay_readable_while_three_more_packets_are_handed_out() {
        let mut lent = Lent::default();
        let first = lent.lend(Packet::reliable(vec![1; 100]));
        for value in 2..5 {
            lent.lend(Packet::reliable(vec![value; 100]));
        }
        assert_eq!(read(&first), [1; 100]);
    }

    #[test]
    fn an_empty_packet_has_no_bytes_and_a_place_that_is_not_null() {
        let mut lent = Lent::default();
        let empty = lent.lend(Packet::default());
        assert_eq!(empty.len, 0);
        assert!(!empty.start.is_null());
    }
}
