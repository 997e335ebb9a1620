//! [`HostStatistics`].

/// Counters of a host since it was made; they wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HostStatistics {
    /// Bytes in datagrams handed out for sending, and not refused by the system.
    pub bytes_sent: u64,
    /// Datagrams handed out for sending, and not refused by the system.
    pub datagrams_sent: u64,
    /// Datagrams that the system refused to send, as [`Host::note_refused`](crate::Host::note_refused) was told.
    pub datagrams_refused: u64,
    /// Bytes in datagrams received, valid or not.
    pub bytes_received: u64,
    /// Datagrams received, valid or not.
    pub datagrams_received: u64,
    /// Datagrams dropped as a whole: too short or long, for no peer of ours, from a wrong address or session, not to be
    /// decompressed, or with a wrong checksum.
    pub datagrams_dropped: u64,
    /// Datagrams whose rest was dropped because of a command that was not acceptable.
    pub datagrams_aborted: u64,
    /// Connections that others asked for and were refused, with an answer.
    pub connects_refused: u64,
}
