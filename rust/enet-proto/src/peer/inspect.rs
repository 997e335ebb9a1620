//! [`Inspection`]: a peer as the recordings describe one; compiled for tests.

use super::{Peer, PeerState};

/// ENet's fields of a peer, in ENet's representation: 0 stands for "never".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspection {
    pub(crate) state: PeerState,
    pub(crate) incoming_peer_id: u32,
    pub(crate) outgoing_peer_id: u32,
    pub(crate) incoming_session: u32,
    pub(crate) outgoing_session: u32,
    pub(crate) connect_id: [u8; 4],
    pub(crate) channels: u32,
    pub(crate) mtu: u32,
    pub(crate) window: u32,
    pub(crate) in_transit: u32,
    pub(crate) rtt: u32,
    pub(crate) rtt_var: u32,
    pub(crate) last_rtt: u32,
    pub(crate) last_rtt_var: u32,
    pub(crate) lowest_rtt: u32,
    pub(crate) highest_rtt_var: u32,
    pub(crate) throttle: u32,
    pub(crate) throttle_limit: u32,
    pub(crate) throttle_counter: u32,
    pub(crate) throttle_epoch: u32,
    pub(crate) throttle_interval: u32,
    pub(crate) throttle_accel: u32,
    pub(crate) throttle_decel: u32,
    pub(crate) in_bandwidth: u32,
    pub(crate) out_bandwidth: u32,
    pub(crate) packets_sent: u32,
    pub(crate) packets_lost: u32,
    pub(crate) packet_loss: u32,
    pub(crate) packet_loss_var: u32,
    pub(crate) packet_loss_epoch: u32,
    pub(crate) next_timeout: u32,
    pub(crate) earliest_timeout: u32,
    pub(crate) last_receive_time: u32,
    pub(crate) last_send_time: u32,
    pub(crate) waiting_data: u32,
    pub(crate) out_data_total: u32,
    pub(crate) in_data_total: u32,
}

impl Peer {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 255 channels and 64 MiB"
    )]
    pub(crate) fn inspect(&self) -> Inspection {
        Inspection {
            state: self.state,
            incoming_peer_id: self.label.into(),
            outgoing_peer_id: self.remote_id.into(),
            incoming_session: self.sessions.incoming.into(),
            outgoing_session: self.sessions.outgoing.into(),
            connect_id: self.connect_id,
            channels: self.channels.count() as u32,
            mtu: self.mtu,
            window: self.recovery.window_size,
            in_transit: self.recovery.in_transit,
            rtt: self.round_trip.mean,
            rtt_var: self.round_trip.variance,
            last_rtt: self.throttle.last.mean,
            last_rtt_var: self.throttle.last.variance,
            lowest_rtt: self.throttle.running.mean,
            highest_rtt_var: self.throttle.running.variance,
            throttle: self.throttle.value,
            throttle_limit: self.throttle.limit,
            throttle_counter: self.throttle.counter,
            throttle_epoch: self.throttle.epoch.map_or(0, |epoch| epoch.0),
            throttle_interval: self.throttle.interval,
            throttle_accel: self.throttle.acceleration,
            throttle_decel: self.throttle.deceleration,
            in_bandwidth: self.incoming_bandwidth,
            out_bandwidth: self.outgoing_bandwidth,
            packets_sent: self.loss.sent,
            packets_lost: self.loss.lost,
            packet_loss: self.loss.mean,
            packet_loss_var: self.loss.variance,
            packet_loss_epoch: self.loss.epoch.map_or(0, |epoch| epoch.0),
            next_timeout: self.recovery.vanilla.next_timeout.0,
            earliest_timeout: self
                .recovery
                .vanilla
                .earliest_timeout
                .map_or(0, |earliest| earliest.0),
            last_receive_time: self.last_receive.0,
            last_send_time: self.last_send.0,
            waiting_data: self.waiting as u32,
            out_data_total: self.outgoing_total,
            in_data_total: self.incoming_total,
        }
    }
}
