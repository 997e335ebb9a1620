//! [`Traffic`]: what went over the wire between us and a peer, in all.

/// Counters since the connection, or the attempt at it, began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Traffic {
    /// Datagrams and their bytes, as they are on the wire behind the UDP header.
    pub(crate) bytes_sent: u64,
    pub(crate) datagrams_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) datagrams_received: u64,
    /// Commands sent once more, and those found lost; copies that go along in advance are no resends.
    pub(crate) commands_resent: u64,
    pub(crate) commands_lost: u64,
}

impl Traffic {
    pub(crate) const fn sent(&mut self, len: usize) {
        self.bytes_sent += len as u64;
        self.datagrams_sent += 1;
    }

    pub(crate) const fn received(&mut self, len: usize) {
        self.bytes_received += len as u64;
        self.datagrams_received += 1;
    }
}
