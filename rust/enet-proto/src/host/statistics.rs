//! [`HostStatistics`], and [`DropCause`]: why something was dropped.

/// Why something that came from the network was dropped. A connection attempt that is turned away once its address is
/// proven counts as its CONNECT would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum DropCause {
    /// A datagram that is empty, shorter than its header or longer than 4096 bytes.
    Malformed,
    /// A datagram for no peer of ours, or from another address or session than its peer's.
    NobodysPeer,
    /// A datagram that cannot be decompressed within the limits, or has a wrong checksum.
    Undecodable,
    /// The rest of a datagram behind a command that is not acceptable.
    Unacceptable,
    /// A datagram from an address that is not proven and does not prove it.
    Unproven,
    /// A CONNECT with impossible values.
    ConnectInvalid,
    /// A CONNECT from a banned address.
    ConnectBanned,
    /// A CONNECT over the number or rate of connections of its address, or of all.
    ConnectLimited,
    /// A CONNECT that the [`Admission`](crate::Admission) refused.
    ConnectRefused,
    /// A CONNECT that found no free slot, that the [`Admission`](crate::Admission) ignored, or that is a copy of one that
    /// was let in before.
    ConnectIgnored,
    /// A CONNECT that came when too many connection attempts began, and is taken up when it is repeated.
    ConnectCrowded,
    /// A connection attempt that made room for another before its address was proven.
    HalfOpenEvicted,
    /// A connection attempt whose address was not proven in time.
    HalfOpenExpired,
    /// A CONNECT that waited for the application's decision and made room for another.
    WaitingEvicted,
    /// A CONNECT about which the application did not decide in time.
    WaitingExpired,
    /// A datagram over the rate of its peer.
    PeerRate,
    /// Data over the limits of what may wait for the application, or for its missing parts.
    Memory,
    /// The rest of a datagram that asks for too many acknowledgements.
    Acknowledgements,
    /// An acknowledgement that matches nothing.
    StrayAcknowledgement,
    /// A DISCONNECT, or another command on the control channel, whose number is not due.
    Implausible,
}

impl DropCause {
    /// All causes, in order.
    pub const ALL: [Self; 20] = [
        Self::Malformed,
        Self::NobodysPeer,
        Self::Undecodable,
        Self::Unacceptable,
        Self::Unproven,
        Self::ConnectInvalid,
        Self::ConnectBanned,
        Self::ConnectLimited,
        Self::ConnectRefused,
        Self::ConnectIgnored,
        Self::ConnectCrowded,
        Self::HalfOpenEvicted,
        Self::HalfOpenExpired,
        Self::WaitingEvicted,
        Self::WaitingExpired,
        Self::PeerRate,
        Self::Memory,
        Self::Acknowledgements,
        Self::StrayAcknowledgement,
        Self::Implausible,
    ];

    /// A short name in snake case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NobodysPeer => "nobodys_peer",
            Self::Undecodable => "undecodable",
            Self::Unacceptable => "unacceptable",
            Self::Unproven => "unproven",
            Self::ConnectInvalid => "connect_invalid",
            Self::ConnectBanned => "connect_banned",
            Self::ConnectLimited => "connect_limited",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectIgnored => "connect_ignored",
            Self::ConnectCrowded => "connect_crowded",
            Self::HalfOpenEvicted => "half_open_evicted",
            Self::HalfOpenExpired => "half_open_expired",
            Self::WaitingEvicted => "waiting_evicted",
            Self::WaitingExpired => "waiting_expired",
            Self::PeerRate => "peer_rate",
            Self::Memory => "memory",
            Self::Acknowledgements => "acknowledgements",
            Self::StrayAcknowledgement => "stray_acknowledgement",
            Self::Implausible => "implausible",
        }
    }
}

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
    /// decompressed, with a wrong checksum, or over the rate of their peer.
    pub datagrams_dropped: u64,
    /// Datagrams whose rest was dropped because of a command that was not acceptable.
    pub datagrams_aborted: u64,
    /// Connections that others asked for and were refused, with an answer.
    pub connects_refused: u64,
    /// Connection attempts whose address is not proven, now.
    pub half_open: u64,
    /// Connections that others ask for and that wait for [`Host::answer`](crate::Host::answer), now.
    pub waiting: u64,
    /// Commands sent once more to peers, those that are gone included.
    pub commands_resent: u64,
    /// Commands found lost on the way to peers, those that are gone included.
    pub commands_lost: u64,
    /// Commands to peers that have not been sent, or not been acknowledged, now.
    pub commands_queued: u64,
    /// Bytes that all peers have waiting for the application, or for their missing parts, now.
    pub waiting_data: u64,
    /// Bytes sent to addresses that were not proven, and received from them.
    pub unproven_bytes_sent: u64,
    /// See [`unproven_bytes_sent`](Self::unproven_bytes_sent).
    pub unproven_bytes_received: u64,
    drops: [u64; DropCause::ALL.len()],
}

impl HostStatistics {
    /// What was dropped for this cause: datagrams, rests of datagrams, or connection attempts.
    #[must_use]
    pub const fn dropped(&self, cause: DropCause) -> u64 {
        self.drops[cause as usize]
    }

    pub(crate) const fn count(&mut self, cause: DropCause) {
        let counter = &mut self.drops[cause as usize];
        *counter = counter.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_counter_and_a_name_of_its_own() {
        let mut statistics = HostStatistics::default();
        for (times, cause) in DropCause::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, times);
            (0..times).for_each(|_| statistics.count(cause));
        }
        let names: std::collections::HashSet<_> =
            DropCause::ALL.into_iter().map(DropCause::name).collect();
        assert_eq!(names.len(), DropCause::ALL.len());
        for (times, cause) in DropCause::ALL.into_iter().enumerate() {
            assert_eq!(statistics.dropped(cause), times as u64);
        }
    }
}
