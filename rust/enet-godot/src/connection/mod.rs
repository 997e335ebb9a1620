//! `ENetConnectionRs`, the class.

mod core;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use enet_udp::Bind;
use godot::global::Error as GodotError;
use godot::prelude::*;

use self::core::SocketDead;
pub(crate) use self::core::{ConnectionCore, ConnectionEvent, HostArguments, PeerHandle};
use crate::address::BindAddress;
use crate::convert::{Said, is_printed};
use crate::engine_log;
use crate::error::CreateError;
use crate::packet_peer::ENetPacketPeerRs;
use crate::raw;
use crate::types::{ClassEnum, EnumInt, Int, Obj};

/// An ENet host that a script drives itself: the successor of [ENetConnection].
///
/// Make a host with [method create_host_bound] to accept connections, or with [method create_host] and
/// [method connect_to_host] to open one, then call [method service] often, for instance in each frame.
/// Nothing is read or sent before the first [method service] or [method flush].
#[derive(GodotClass)]
#[class(tool, init, base = RefCounted)]
pub(crate) struct ENetConnectionRs {
    core: Arc<ConnectionCore>,
}

impl ENetConnectionRs {
    /// An object and the state that it shares with us.
    pub(crate) fn make() -> (Gd<Self>, Arc<ConnectionCore>) {
        let core = Arc::new(ConnectionCore::default());
        let object = Gd::from_init_fn(|_base| Self { core: core.clone() });
        (object, core)
    }
}

fn core(this: &Gd<ENetConnectionRs>) -> Arc<ConnectionCore> {
    this.bind().core.clone()
}

#[godot_api]
impl ENetConnectionRs {
    /// Creates a host that listens on [param bind_address], an IP address or [code]"*"[/code] for all of them, and
    /// [param bind_port] (0 lets the system choose). [param max_peers] is 1 to 4095; [param max_channels] is what a
    /// connection may have at most, 0 for all 255; bandwidths are in bytes per second, 0 for no limit.
    ///
    /// Answers [constant ERR_INVALID_PARAMETER] for what is out of range, [constant ERR_ALREADY_IN_USE] if there is a
    /// host, and [constant ERR_CANT_CREATE] if the port is taken.
    #[func(gd_self)]
    fn create_host_bound(
        this: Gd<Self>,
        bind_address: GString,
        bind_port: Int,
        #[opt(default = Int(32))] max_peers: Int,
        #[opt(default = Int(0))] max_channels: Int,
        #[opt(default = Int(0))] in_bandwidth: Int,
        #[opt(default = Int(0))] out_bandwidth: Int,
    ) -> GodotError {
        let arguments = HostArguments {
            max_peers: max_peers.0,
            max_channels: max_channels.0,
            in_bandwidth: in_bandwidth.0,
            out_bandwidth: out_bandwidth.0,
        };
        let created = bind_to(&bind_address.to_string(), bind_port.0)
            .and_then(|bind| core(&this).open(bind, arguments));
        Said::code(created).speak()
    }

    /// Creates a host without a port of its own: it gets one with the first datagram that it sends. For
    /// [method connect_to_host]. Arguments and answers are those of [method create_host_bound].
    #[func(gd_self)]
    fn create_host(
        this: Gd<Self>,
        #[opt(default = Int(32))] max_peers: Int,
        #[opt(default = Int(0))] max_channels: Int,
        #[opt(default = Int(0))] in_bandwidth: Int,
        #[opt(default = Int(0))] out_bandwidth: Int,
    ) -> GodotError {
        let arguments = HostArguments {
            max_peers: max_peers.0,
            max_channels: max_channels.0,
            in_bandwidth: in_bandwidth.0,
            out_bandwidth: out_bandwidth.0,
        };
        Said::code(core(&this).open(Bind::Unbound, arguments)).speak()
    }

    /// Closes the host. Its peers are inactive, its port is free, and no remote is told; to say goodbye, use
    /// [method ENetPacketPeerRs.peer_disconnect_now] before.
    #[func(gd_self)]
    fn destroy(this: Gd<Self>) {
        Said::nothing(core(&this).destroy()).speak();
    }

    /// Starts a connection to [param address], an IP address or a name, and [param port]. [param channels] is how many
    /// channels to ask for, 0 for 255; [param data] is shown to the remote with its connect event.
    ///
    /// Returns the peer, in state [constant ENetPacketPeerRs.STATE_CONNECTING], or null if the host already has a peer
    /// or an argument is wrong. The outcome is an event of [method service]. Looking up a name blocks.
    #[func(gd_self)]
    fn connect_to_host(
        this: Gd<Self>,
        address: GString,
        port: Int,
        #[opt(default = Int(0))] channels: Int,
        #[opt(default = Int(0))] data: Int,
    ) -> Obj<ENetPacketPeerRs> {
        let connected = core(&this).connect(&address.to_string(), port.0, channels.0, data.0);
        match connected {
            Ok(peer) => Obj(Some(peer.object())),
            Err(error) if is_printed(&error) => Said::or(Err(error), Obj(None)).speak(),
            Err(_) => Obj(None),
        }
    }

    /// Sends and receives, and returns the next event, after waiting up to [param timeout] milliseconds for one:
    /// an array of the [enum EventType], the [ENetPacketPeerRs] or null, the data of a connect or disconnect event, and
    /// the channel of a packet. The packet itself is read from the peer.
    #[func(gd_self)]
    fn service(this: Gd<Self>, #[opt(default = Int(0))] timeout: Int) -> VarArray {
        let core = core(&this);
        if let Err(error) = core.host() {
            return Said::or(Err(error), event_array(EVENT_ERROR, None, 0, 0)).speak();
        }
        let timeout = Duration::from_millis(u64::try_from(timeout.0).unwrap_or(0));
        let answer = match core.service(timeout) {
            Err(SocketDead) => event_array(EVENT_ERROR, None, 0, 0),
            Ok(None) => event_array(EVENT_NONE, None, 0, 0),
            Ok(Some(ConnectionEvent::Connect { peer, data })) => {
                event_array(EVENT_CONNECT, Some(&peer), data, 0)
            }
            Ok(Some(ConnectionEvent::Disconnect { peer, data })) => {
                event_array(EVENT_DISCONNECT, Some(&peer), data, 0)
            }
            Ok(Some(ConnectionEvent::Receive {
                peer,
                channel_id,
                packet,
            })) => {
                peer.core().receive(packet);
                event_array(EVENT_RECEIVE, Some(&peer), 0, channel_id)
            }
        };
        engine_log::print();
        answer
    }

    /// Sends what is queued, now. Delivers no events.
    #[func(gd_self)]
    fn flush(this: Gd<Self>) {
        Said::nothing(core(&this).host().map(|host| host.flush())).speak();
    }

    /// Sets the bandwidths of this host in bytes per second, 0 for no limit. Peers learn them within a second.
    #[func(gd_self)]
    fn bandwidth_limit(
        this: Gd<Self>,
        #[opt(default = Int(0))] in_bandwidth: Int,
        #[opt(default = Int(0))] out_bandwidth: Int,
    ) {
        let [incoming, outgoing] =
            [in_bandwidth, out_bandwidth].map(|limit| limit.0.cast_unsigned());
        let set = core(&this)
            .host()
            .map(|host| host.set_bandwidth(incoming, outgoing));
        Said::nothing(set).speak();
    }

    /// Sets how many channels later connections may have, 1 to 255; other numbers mean 255.
    #[func(gd_self)]
    fn channel_limit(this: Gd<Self>, limit: Int) {
        let limit = usize::try_from(limit.0).unwrap_or(0);
        Said::nothing(core(&this).host().map(|host| host.set_channel_limit(limit))).speak();
    }

    /// Queues [param packet] on [param channel] to every connected peer that has the channel. [param flags] are
    /// [code]ENetPacketPeerRs.FLAG_*[/code] constants. It leaves with the next [method service] or [method flush].
    #[func(gd_self)]
    fn broadcast(this: Gd<Self>, channel: Int, packet: PackedByteArray, flags: Int) {
        let data = Bytes::copy_from_slice(packet.as_slice());
        Said::nothing(core(&this).broadcast(channel.0, data, flags.0)).speak();
    }

    /// Compresses each datagram. Both ends must use the same mode, best set before the first [method service]: with
    /// different ones no connection comes about. [constant COMPRESS_NONE], the default, and
    /// [constant COMPRESS_RANGE_CODER] are supported; the others print an error and change nothing.
    #[func(gd_self)]
    fn compress(this: Gd<Self>, mode: EnumInt<CompressionMode>) {
        Said::nothing(core(&this).compress(mode.0)).speak();
    }

    /// What was counted since this [param statistic] was asked for last. Bytes are those of whole UDP payloads, after
    /// compression.
    #[func(gd_self)]
    #[expect(clippy::cast_precision_loss, reason = "Godot's counters are floats")]
    fn pop_statistic(this: Gd<Self>, statistic: EnumInt<HostStatistic>) -> f64 {
        let popped = core(&this)
            .pop_statistic(statistic.0)
            .map_err(|error| error.to_string())
            .and_then(|count| {
                count.ok_or_else(|| format!("there is no host statistic {}", statistic.0))
            });
        Said::or(popped.map(|count| count as f64), 0.0).speak()
    }

    /// How many channels later connections may have; 0 without a host.
    #[func]
    fn get_max_channels(&self) -> Int {
        let limit = self
            .core
            .host()
            .map(|host| i32::try_from(host.channel_limit()).unwrap_or(i32::MAX));
        Int(Said::or(limit, 0).speak())
    }

    /// The local port; 0 as long as a host of [method create_host] has not sent anything.
    #[func]
    fn get_local_port(&self) -> Int {
        Int(Said::or(self.core.local_port().map(i32::from), 0).speak())
    }

    /// All peers of this host, also those that are connecting or disconnecting.
    #[func(gd_self)]
    fn get_peers(this: Gd<Self>) -> Array<Gd<ENetPacketPeerRs>> {
        let core = core(&this);
        let peers = core
            .host()
            .map(|_| core.peers())
            .map(|peers| peers.iter().map(|peer| peer.object()).collect());
        Said::or(peers, Array::new()).speak()
    }

    /// Sends [param packet] as one plain UDP datagram to [param destination_address] and [param destination_port] from
    /// the host's socket, for instance to open a way through a firewall. Whether it left is not reported.
    #[func(gd_self)]
    fn socket_send(
        this: Gd<Self>,
        destination_address: GString,
        destination_port: Int,
        packet: PackedByteArray,
    ) {
        let address = destination_address.to_string();
        let sent = core(&this).socket_send(&address, destination_port.0, packet.as_slice());
        Said::nothing(sent).speak();
    }
}

fn bind_to(address: &str, port: i32) -> Result<Bind, CreateError> {
    let address =
        BindAddress::parse(address).ok_or_else(|| CreateError::BindAddress(address.to_owned()))?;
    let port = u16::try_from(port).map_err(|_| CreateError::LocalPort(port))?;
    Ok(address.with_port(port))
}

const EVENT_ERROR: i64 = -1;
const EVENT_NONE: i64 = 0;
const EVENT_CONNECT: i64 = 1;
const EVENT_DISCONNECT: i64 = 2;
const EVENT_RECEIVE: i64 = 3;

fn event_array(event: i64, peer: Option<&Arc<PeerHandle>>, data: u32, channel_id: u8) -> VarArray {
    let peer = Obj(peer.map(|peer| peer.object()));
    varray![
        event,
        &peer.to_variant(),
        i64::from(data),
        i64::from(channel_id)
    ]
}

/// `ENetConnectionRs.CompressionMode`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CompressionMode {}

impl ClassEnum for CompressionMode {
    const QUALIFIED_NAME: &'static str = "ENetConnectionRs.CompressionMode";
}

/// `ENetConnectionRs.HostStatistic`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HostStatistic {}

impl ClassEnum for HostStatistic {
    const QUALIFIED_NAME: &'static str = "ENetConnectionRs.HostStatistic";
}

/// Registers the enums of the class.
pub(crate) fn register_enums() {
    raw::register_enum::<ENetConnectionRs>(
        "CompressionMode",
        &[
            ("COMPRESS_NONE", 0),
            ("COMPRESS_RANGE_CODER", 1),
            ("COMPRESS_FASTLZ", 2),
            ("COMPRESS_ZLIB", 3),
            ("COMPRESS_ZSTD", 4),
        ],
    );
    raw::register_enum::<ENetConnectionRs>(
        "EventType",
        &[
            ("EVENT_ERROR", EVENT_ERROR),
            ("EVENT_NONE", EVENT_NONE),
            ("EVENT_CONNECT", EVENT_CONNECT),
            ("EVENT_DISCONNECT", EVENT_DISCONNECT),
            ("EVENT_RECEIVE", EVENT_RECEIVE),
        ],
    );
    raw::register_enum::<ENetConnectionRs>(
        "HostStatistic",
        &[
            ("HOST_TOTAL_SENT_DATA", 0),
            ("HOST_TOTAL_SENT_PACKETS", 1),
            ("HOST_TOTAL_RECEIVED_DATA", 2),
            ("HOST_TOTAL_RECEIVED_PACKETS", 3),
        ],
    );
}
