//! [`Batch`]: what was read from a socket and waits to be handled.

use std::net::SocketAddr;
use std::ops::Range;

use crate::offload::Arrival;

/// Bytes of a batch's buffer: room for all that one receive call may bring, behind datagrams of the default MTU.
const BATCH_LEN: usize = 160 * 1024;

/// Datagrams received and not yet handled, one behind the other in one buffer.
pub(crate) struct Batch {
    buffer: Box<[u8]>,
    used: usize,
    datagrams: Vec<(SocketAddr, Range<usize>)>,
    /// How many of them were handled.
    handled: usize,
    wanted: usize,
}

impl Batch {
    /// An empty batch that wants `wanted` datagrams; more may come with the last of them.
    pub(crate) fn new(wanted: usize) -> Self {
        Self {
            buffer: vec![0; BATCH_LEN].into_boxed_slice(),
            used: 0,
            datagrams: Vec::with_capacity(wanted),
            handled: 0,
            wanted,
        }
    }

    /// Datagrams received, handled or not.
    pub(crate) const fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Whether all datagrams were handled.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.handled == self.datagrams.len()
    }

    /// The next datagram, in the order in which they were received.
    pub(crate) fn next(&mut self) -> Option<(SocketAddr, &[u8])> {
        let (from, range) = self.datagrams.get(self.handled)?;
        self.handled += 1;
        Some((*from, &self.buffer[range.clone()]))
    }

    /// Makes room for others.
    pub(crate) fn clear(&mut self) {
        self.datagrams.clear();
        (self.used, self.handled) = (0, 0);
    }

    /// Where `len` more bytes may go; `None` when there are enough datagrams or there is no such room.
    pub(crate) fn room(&mut self, len: usize) -> Option<&mut [u8]> {
        if self.datagrams.len() >= self.wanted {
            return None;
        }
        self.buffer.get_mut(self.used..self.used + len)
    }

    /// Enters what was written to [`Self::room`].
    pub(crate) fn push(&mut self, arrival: Arrival) {
        let end = self.used + arrival.len;
        loop {
            let next = end.min(self.used + arrival.segment_len.max(1));
            self.datagrams.push((arrival.from, self.used..next));
            self.used = next;
            if next == end {
                return;
            }
        }
    }
}
