//! [`ReceiveBuffer`]: what a socket holds until its program reads.

use std::collections::VecDeque;

use crate::network::Datagram;

/// A bounded buffer of datagrams, reckoned as Linux reckons its socket buffers.
///
/// Each datagram is charged with the memory that it takes in the system: measured over loopback, 832 bytes where it has
/// up to 100, 2304 where it has 1392. Between those, and above, sizes double.
#[derive(Debug, Default)]
pub(crate) struct ReceiveBuffer {
    capacity_bytes: usize,
    used_bytes: usize,
    datagrams: VecDeque<Datagram>,
    pub(crate) dropped: u64,
}

impl ReceiveBuffer {
    pub(crate) fn new(capacity_bytes: usize) -> Self {
        Self {
            capacity_bytes,
            ..Self::default()
        }
    }

    /// Keeps the datagram, or drops it if there is no room.
    pub(crate) fn put(&mut self, datagram: Datagram) {
        let charge = charge(datagram.data.len());
        if self.used_bytes + charge > self.capacity_bytes {
            self.dropped += 1;
            return;
        }
        self.used_bytes += charge;
        self.datagrams.push_back(datagram);
    }

    /// The datagram that came first.
    pub(crate) fn take(&mut self) -> Option<Datagram> {
        let datagram = self.datagrams.pop_front()?;
        self.used_bytes -= charge(datagram.data.len());
        Some(datagram)
    }
}

/// Bytes of buffer that a datagram of `len` bytes takes.
fn charge(len: usize) -> usize {
    if len <= 100 {
        return 832;
    }
    256 + (len + 320).next_power_of_two()
}
