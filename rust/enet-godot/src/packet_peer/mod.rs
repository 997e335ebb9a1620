//! `ENetPacketPeerRs`, the class.

mod core;
mod statistics;

use std::sync::Arc;

use bytes::Bytes;
use enet_proto::PeerStatistics;
use enet_proto::consts::{PEER_PACKET_LOSS_SCALE, PEER_PACKET_THROTTLE_SCALE};
use godot::global::Error as GodotError;
use godot::prelude::*;

pub(crate) use self::core::{Ending, Endings, PeerCore, packet_flags};
use crate::convert::{Said, address_text};
use crate::lent;
use crate::raw::{self, OwnVirtuals, VirtualCall, own_virtuals, virtual_method};
use crate::types::{ClassEnum, EnumInt, Int};

/// `ENetPacketPeerRs` of scripts: a handle to its [`PeerCore`]. The connection keeps it alive as long as the peer lives,
/// so that a script's metadata stays.
#[derive(GodotClass)]
#[class(tool, no_init, base = PacketPeerExtension)]
pub(crate) struct ENetPacketPeerRs {
    core: Arc<PeerCore>,
}

impl ENetPacketPeerRs {
    /// The object for `core`.
    pub(crate) fn for_core(core: Arc<PeerCore>) -> Gd<Self> {
        Gd::from_init_fn(|_base| Self { core })
    }
}

impl Drop for ENetPacketPeerRs {
    fn drop(&mut self) {
        raw::forget_cached();
    }
}

fn core(this: &Gd<ENetPacketPeerRs>) -> Arc<PeerCore> {
    this.bind().core.clone()
}

#[godot_api]
impl ENetPacketPeerRs {
    /// The engine's scale of packet loss.
    #[constant]
    pub(crate) const PACKET_LOSS_SCALE: i64 = PEER_PACKET_LOSS_SCALE as i64;
    /// The engine's scale of the packet throttle.
    #[constant]
    pub(crate) const PACKET_THROTTLE_SCALE: i64 = PEER_PACKET_THROTTLE_SCALE as i64;
    /// `RELIABLE` of the engine's packet flags.
    #[constant]
    pub(crate) const FLAG_RELIABLE: i64 = 1;
    /// `UNSEQUENCED` of the engine's packet flags.
    #[constant]
    pub(crate) const FLAG_UNSEQUENCED: i64 = 2;
    /// `UNRELIABLE_FRAGMENT` of the engine's packet flags.
    #[constant]
    pub(crate) const FLAG_UNRELIABLE_FRAGMENT: i64 = 8;

    /// Drops what is queued and asks to disconnect. A peer that is still connecting becomes inactive; in the built-in
    /// class it stays in limbo.
    #[func(gd_self)]
    fn peer_disconnect(this: Gd<Self>, #[opt(default = Int(0))] data: Int) {
        Said::nothing(core(&this).disconnect(data.0.cast_unsigned())).speak();
    }

    /// Asks to disconnect once everything is acknowledged.
    #[func(gd_self)]
    fn peer_disconnect_later(this: Gd<Self>, #[opt(default = Int(0))] data: Int) {
        Said::nothing(core(&this).disconnect_later(data.0.cast_unsigned())).speak();
    }

    /// Sends one goodbye and lets the connection go.
    #[func(gd_self)]
    fn peer_disconnect_now(this: Gd<Self>, #[opt(default = Int(0))] data: Int) {
        Said::nothing(core(&this).disconnect_now(data.0.cast_unsigned())).speak();
    }

    /// Queues a ping.
    #[func(gd_self)]
    fn ping(this: Gd<Self>) {
        Said::nothing(core(&this).ping()).speak();
    }

    /// Milliseconds; 0 is the default.
    #[func(gd_self)]
    fn ping_interval(this: Gd<Self>, ping_interval: Int) {
        Said::nothing(core(&this).set_ping_interval(ping_interval.0.cast_unsigned())).speak();
    }

    /// Lets the connection go without a word.
    #[func(gd_self)]
    fn reset(this: Gd<Self>) {
        Said::nothing(core(&this).reset()).speak();
    }

    /// Queues a packet with flags of ENet on a channel of ENet.
    #[func(gd_self)]
    fn send(this: Gd<Self>, channel: Int, packet: PackedByteArray, flags: Int) -> GodotError {
        let data = Bytes::copy_from_slice(packet.as_slice());
        Said::code(core(&this).send(channel.0, data, flags.0)).speak()
    }

    /// Sets the throttle's pace here and at the remote; negative numbers become very high ones.
    #[func(gd_self)]
    fn throttle_configure(this: Gd<Self>, interval: Int, acceleration: Int, deceleration: Int) {
        let [interval, acceleration, deceleration] =
            [interval, acceleration, deceleration].map(|value| value.0.cast_unsigned());
        Said::nothing(core(&this).configure_throttle(interval, acceleration, deceleration)).speak();
    }

    /// A factor and two spans in milliseconds, each 0 for its default. They are compared before the zeros are replaced,
    /// as in the built-in class.
    #[func(gd_self)]
    fn set_timeout(this: Gd<Self>, timeout: Int, timeout_min: Int, timeout_max: Int) {
        Said::nothing(core(&this).set_timeout(timeout.0, timeout_min.0, timeout_max.0)).speak();
    }

    /// The flags of the packet at the front of the queue.
    #[func]
    fn get_packet_flags(&self) -> Int {
        Int(Said::or(self.core.next_flags(), 0).speak())
    }

    /// The remote's address as Godot writes addresses.
    #[func]
    fn get_remote_address(&self) -> GString {
        let address = self.core.address();
        let text = address.map(|address| address.map(address_text).unwrap_or_default());
        GString::from(&Said::or(text, String::new()).speak())
    }

    /// The remote's port.
    #[func]
    fn get_remote_port(&self) -> Int {
        let port = self.core.port().map(i32::from);
        Int(Said::or(port, 0).speak())
    }

    /// A number of [`PeerStatistics`], picked by [`pick_statistic`].
    #[func(gd_self)]
    fn get_statistic(this: Gd<Self>, statistic: EnumInt<PeerStatistic>) -> f64 {
        let core = core(&this);
        let value = core
            .statistics()
            .map_err(|error| error.to_string())
            .and_then(|statistics| {
                pick_statistic(&statistics, statistic.0)
                    .ok_or_else(|| format!("there is no peer statistic {}", statistic.0))
            });
        Said::or(value.map(f64::from), 0.0).speak()
    }

    /// The state as a number of `PeerState`.
    #[func]
    fn get_state(&self) -> EnumInt<PeerState> {
        EnumInt::new(self.core.state() as i32)
    }

    /// ENet's count for the state that the peer is in.
    #[func]
    fn get_channels(&self) -> Int {
        Int(Said::or(self.core.channel_count(), 0).speak())
    }

    /// Whether there is a connection or an attempt at one behind the object.
    #[func]
    fn is_active(&self) -> bool {
        self.core.is_active()
    }
}

/// `ENetPacketPeerRs.PeerState`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PeerState {}

impl ClassEnum for PeerState {
    const QUALIFIED_NAME: &'static str = "ENetPacketPeerRs.PeerState";
}

/// `ENetPacketPeerRs.PeerStatistic`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PeerStatistic {}

impl ClassEnum for PeerStatistic {
    const QUALIFIED_NAME: &'static str = "ENetPacketPeerRs.PeerStatistic";
}

/// Registers the enums of the class.
pub(crate) fn register() {
    raw::register_enum::<ENetPacketPeerRs>(
        "PeerState",
        &[
            ("STATE_DISCONNECTED", 0),
            ("STATE_CONNECTING", 1),
            ("STATE_ACKNOWLEDGING_CONNECT", 2),
            ("STATE_CONNECTION_PENDING", 3),
            ("STATE_CONNECTION_SUCCEEDED", 4),
            ("STATE_CONNECTED", 5),
            ("STATE_DISCONNECT_LATER", 6),
            ("STATE_DISCONNECTING", 7),
            ("STATE_ACKNOWLEDGING_DISCONNECT", 8),
            ("STATE_ZOMBIE", 9),
        ],
    );
    raw::register_enum::<ENetPacketPeerRs>(
        "PeerStatistic",
        &[
            ("PEER_PACKET_LOSS", 0),
            ("PEER_PACKET_LOSS_VARIANCE", 1),
            ("PEER_PACKET_LOSS_EPOCH", 2),
            ("PEER_ROUND_TRIP_TIME", 3),
            ("PEER_ROUND_TRIP_TIME_VARIANCE", 4),
            ("PEER_LAST_ROUND_TRIP_TIME", 5),
            ("PEER_LAST_ROUND_TRIP_TIME_VARIANCE", 6),
            ("PEER_PACKET_THROTTLE", 7),
            ("PEER_PACKET_THROTTLE_LIMIT", 8),
            ("PEER_PACKET_THROTTLE_COUNTER", 9),
            ("PEER_PACKET_THROTTLE_EPOCH", 10),
            ("PEER_PACKET_THROTTLE_ACCELERATION", 11),
            ("PEER_PACKET_THROTTLE_DECELERATION", 12),
            ("PEER_PACKET_THROTTLE_INTERVAL", 13),
        ],
    );
}

/// The number behind a `PeerStatistic`.
fn pick_statistic(statistics: &PeerStatistics, statistic: i32) -> Option<u32> {
    Some(match statistic {
        0 => statistics.packet_loss,
        1 => statistics.packet_loss_variance,
        2 => statistics.packet_loss_epoch,
        3 => statistics.round_trip_time,
        4 => statistics.round_trip_time_variance,
        5 => statistics.last_round_trip_time,
        6 => statistics.last_round_trip_time_variance,
        7 => statistics.packet_throttle,
        8 => statistics.packet_throttle_limit,
        9 => statistics.packet_throttle_counter,
        10 => statistics.packet_throttle_epoch,
        11 => statistics.packet_throttle_acceleration,
        12 => statistics.packet_throttle_deceleration,
        13 => statistics.packet_throttle_interval,
        _ => return None,
    })
}

own_virtuals!(ENetPacketPeerRs);

impl OwnVirtuals for ENetPacketPeerRs {
    type Core = PeerCore;

    fn core(&self) -> &Arc<PeerCore> {
        &self.core
    }

    fn virtual_call(name: &str) -> VirtualCall {
        match name {
            "_get_packet" => virtual_method!(ENetPacketPeerRs, |peer, arguments| {
                // SAFETY: the two arguments of this method are out pointers to a buffer and its size.
                unsafe {
                    lent::hand_out(
                        peer.get_packet(),
                        arguments.pointer(0),
                        arguments.pointer(1),
                    )
                }
            }),
            "_put_packet" => virtual_method!(ENetPacketPeerRs, |peer, arguments| {
                // SAFETY: the two arguments of this method are a buffer and its size.
                let data = Bytes::copy_from_slice(unsafe { arguments.buffer(0) });
                Said::code(peer.send(0, data, 1))
            }),
            "_get_available_packet_count" => {
                virtual_method!(ENetPacketPeerRs, |peer, _arguments| peer.packet_count())
            }
            "_get_max_packet_size" => {
                virtual_method!(ENetPacketPeerRs, |_peer, _arguments| MAX_PACKET_SIZE)
            }
            _ => None,
        }
    }
}

/// What the built-in class reports to the engine, in bytes; nothing enforces it.
const MAX_PACKET_SIZE: i32 = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_numbered_as_in_godot() {
        let statistics = PeerStatistics::default();
        assert!((0..14).all(|number| pick_statistic(&statistics, number).is_some()));
        assert_eq!(pick_statistic(&statistics, -1), None);
        assert_eq!(pick_statistic(&statistics, 14), None);
    }
}
