//! [`PeerStatistics`].

use super::Peer;

/// What a peer measured and counted; the numbers ENet exposes, in ENet's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PeerStatistics {
    /// Smoothed round-trip time, ms; 500 before the first sample.
    pub round_trip_time: u32,
    /// Variance of the round-trip time, ms.
    pub round_trip_time_variance: u32,
    /// Best round-trip time of the last throttle interval, ms.
    pub last_round_trip_time: u32,
    /// Worst variance of the last throttle interval, ms.
    pub last_round_trip_time_variance: u32,
    /// Mean packet loss, of [`PEER_PACKET_LOSS_SCALE`](crate::consts::PEER_PACKET_LOSS_SCALE).
    pub packet_loss: u32,
    /// Variance of the packet loss, same scale.
    pub packet_loss_variance: u32,
    /// Start of the running loss epoch, ms on the host's clock; 0 before the first datagram.
    pub packet_loss_epoch: u32,
    /// Commands sent in the running loss epoch, resends and unreliable ones included.
    pub packets_sent: u32,
    /// Commands that timed out in the running loss epoch.
    pub packets_lost: u32,
    /// Share of unreliable packets let through, of 32.
    pub packet_throttle: u32,
    /// Upper bound of the throttle, of 32.
    pub packet_throttle_limit: u32,
    /// Running counter that picks what the throttle drops, 0..32.
    pub packet_throttle_counter: u32,
    /// Start of the running throttle interval, ms on the host's clock.
    pub packet_throttle_epoch: u32,
    /// Rise of the throttle after a good sample.
    pub packet_throttle_acceleration: u32,
    /// Fall of the throttle after a bad sample.
    pub packet_throttle_deceleration: u32,
    /// Span over which the best round-trip time is kept, ms.
    pub packet_throttle_interval: u32,
    /// Unreliable packets dropped because round trips had grown, since the connection began; wraps.
    pub packets_dropped_by_throttle: u32,
    /// Unreliable packets dropped because a bandwidth of one of the two sides was used up, likewise.
    pub packets_dropped_by_bandwidth: u32,
    /// Commands that have not been sent, or not been acknowledged.
    pub commands_queued: usize,
    /// Payload bytes of reliable commands that await their acknowledgement.
    pub reliable_data_in_transit: u32,
    /// Byte budget for those.
    pub window_size: u32,
    /// Largest datagram that both ends agreed on, bytes.
    pub mtu: u32,
    /// Largest datagram that the path is known to carry, at most [`mtu`](Self::mtu); that itself with
    /// [`Recovery::Vanilla`](crate::Recovery::Vanilla).
    pub path_mtu: u32,
    /// Bytes received and not yet handed out.
    pub waiting_data: usize,
    /// Datagrams sent to the peer since the connection began, and their bytes; what the system refused included.
    pub datagrams_sent: u64,
    /// See [`datagrams_sent`](Self::datagrams_sent).
    pub bytes_sent: u64,
    /// Datagrams of the peer within its rate since the connection began, and their bytes.
    pub datagrams_received: u64,
    /// See [`datagrams_received`](Self::datagrams_received).
    pub bytes_received: u64,
    /// Commands sent once more since the connection began.
    pub commands_resent: u64,
    /// Commands found lost since the connection began; those that came late after all are taken off again.
    pub commands_lost: u64,
    /// Bytes of commands that may be in flight by the model of the path; `None` with [`Recovery::Vanilla`](crate::Recovery).
    pub congestion_window: Option<u32>,
    /// What the remote says it can take in, bytes per second; 0 is unlimited.
    pub incoming_bandwidth: u32,
    /// What the remote says it may put out, bytes per second; 0 is unlimited.
    pub outgoing_bandwidth: u32,
}

impl From<&Peer> for PeerStatistics {
    fn from(peer: &Peer) -> Self {
        Self {
            round_trip_time: peer.round_trip.mean,
            round_trip_time_variance: peer.round_trip.variance,
            last_round_trip_time: peer.throttle.last.mean,
            last_round_trip_time_variance: peer.throttle.last.variance,
            packet_loss: peer.loss.mean,
            packet_loss_variance: peer.loss.variance,
            packet_loss_epoch: peer.loss.epoch.map_or(0, |epoch| epoch.0),
            packets_sent: peer.loss.sent,
            packets_lost: peer.loss.lost,
            packet_throttle: peer.throttle.value,
            packet_throttle_limit: peer.throttle.limit,
            packet_throttle_counter: peer.throttle.counter,
            packet_throttle_epoch: peer.throttle.epoch.map_or(0, |epoch| epoch.0),
            packet_throttle_acceleration: peer.throttle.acceleration,
            packet_throttle_deceleration: peer.throttle.deceleration,
            packet_throttle_interval: peer.throttle.interval,
            packets_dropped_by_throttle: peer.dropped_by_throttle,
            packets_dropped_by_bandwidth: peer.dropped_by_bandwidth,
            commands_queued: peer.commands_queued(),
            reliable_data_in_transit: peer.recovery.in_transit,
            window_size: peer.recovery.window_size,
            mtu: peer.mtu,
            path_mtu: peer.datagram_size(),
            waiting_data: peer.waiting,
            datagrams_sent: peer.traffic.datagrams_sent,
            bytes_sent: peer.traffic.bytes_sent,
            datagrams_received: peer.traffic.datagrams_received,
            bytes_received: peer.traffic.bytes_received,
            commands_resent: peer.traffic.commands_resent,
            commands_lost: peer.traffic.commands_lost,
            congestion_window: peer
                .recovery
                .fast
                .as_ref()
                .map(|fast| fast.congestion_window()),
            incoming_bandwidth: peer.incoming_bandwidth,
            outgoing_bandwidth: peer.outgoing_bandwidth,
        }
    }
}
