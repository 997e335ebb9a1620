//! `ENetConnectionRs`, the class.

mod bans;
mod core;
mod encryption;
mod statistics;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use enet_udp::Bind;
use godot::classes::TlsOptions;
use godot::global::Error as GodotError;
use godot::prelude::*;

use self::core::SocketDead;
pub(crate) use self::core::{
    Claim, ConnectionCore, ConnectionEvent, HostArguments, HostEnd, PeerHandle,
};
use crate::address::BindAddress;
use crate::convert::{Said, is_printed};
use crate::engine_log;
use crate::error::CreateError;
use crate::limits;
use crate::packet_peer::ENetPacketPeerRs;
use crate::raw;
use crate::setting_properties::{self, KeepsSettings as _, setting_properties};
use crate::types::{ClassEnum, EnumInt, Int, Obj};

/// `ENetConnectionRs` of scripts: a handle to its [`ConnectionCore`]. Those of a multiplayer peer are made by
/// [`Self::make`], and the peer works on the core directly.
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

    /// The state that `object` shares. It is borrowed for no longer than this call.
    pub(crate) fn shared_by(object: &Gd<Self>) -> Arc<ConnectionCore> {
        core(object)
    }
}

fn core(this: &Gd<ENetConnectionRs>) -> Arc<ConnectionCore> {
    this.bind().core.clone()
}

#[godot_api]
impl ENetConnectionRs {
    /// Opens a host at an address and port.
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
            only_connects: false,
        };
        let created = bind_to(&bind_address.to_string(), bind_port.0)
            .and_then(|bind| core(&this).open(bind, arguments));
        Said::code(created).speak()
    }

    /// Opens a host that binds with its first datagram.
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
            only_connects: false,
        };
        Said::code(core(&this).open(Bind::Unbound, arguments)).speak()
    }

    /// Closes the host without a word to the remotes.
    #[func(gd_self)]
    fn destroy(this: Gd<Self>) {
        Said::nothing(core(&this).destroy()).speak();
    }

    /// Starts a connection; the answer is the object that its events will carry.
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

    /// One event in the four-element array of the built-in class. A packet is put into its peer's queue before.
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

    /// Sends what is queued on this thread.
    #[func(gd_self)]
    fn flush(this: Gd<Self>) {
        Said::nothing(core(&this).host().map(|host| host.flush())).speak();
    }

    /// Unchecked, as in the built-in class: a negative limit becomes a very high one.
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

    /// The limit for later connections; what is no channel count means the maximum.
    #[func(gd_self)]
    fn channel_limit(this: Gd<Self>, limit: Int) {
        let limit = usize::try_from(limit.0).unwrap_or(0);
        Said::nothing(core(&this).host().map(|host| host.set_channel_limit(limit))).speak();
    }

    /// Queues a packet to all connected peers that have the channel.
    #[func(gd_self)]
    fn broadcast(this: Gd<Self>, channel: Int, packet: PackedByteArray, flags: Int) {
        let data = Bytes::copy_from_slice(packet.as_slice());
        Said::nothing(core(&this).broadcast(channel.0, data, flags.0)).speak();
    }

    /// Sets the codec by its number.
    #[func(gd_self)]
    fn compress(this: Gd<Self>, mode: EnumInt<CompressionMode>) {
        Said::nothing(core(&this).compress(mode.0)).speak();
    }

    /// Lets the host take DTLS connections only.
    #[func(gd_self)]
    fn dtls_server_setup(this: Gd<Self>, server_options: Obj<TlsOptions>) -> GodotError {
        Said::code(core(&this).encrypt_server(server_options.0)).speak()
    }

    /// Lets the host connect by DTLS.
    #[func(gd_self)]
    fn dtls_client_setup(
        this: Gd<Self>,
        hostname: GString,
        #[opt(default = Obj::<TlsOptions>(None))] client_options: Obj<TlsOptions>,
    ) -> GodotError {
        let encrypted = core(&this).encrypt_client(hostname.to_string(), client_options.0);
        Said::code(encrypted).speak()
    }

    /// Turns away, or not, whoever begins a DTLS handshake. Nothing for a host without DTLS, as in the built-in class.
    #[func(gd_self)]
    fn refuse_new_connections(this: Gd<Self>, refuse: bool) {
        Said::nothing(core(&this).refuse_handshakes(refuse)).speak();
    }

    /// Reads a counter of the host and sets it to 0.
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

    /// The limit that later connections get.
    #[func]
    fn get_max_channels(&self) -> Int {
        let limit = self
            .core
            .host()
            .map(|host| i32::try_from(host.channel_limit()).unwrap_or(i32::MAX));
        Int(Said::or(limit, 0).speak())
    }

    /// The port, 0 before an unbound host has sent.
    #[func]
    fn get_local_port(&self) -> Int {
        Int(Said::or(self.core.local_port().map(i32::from), 0).speak())
    }

    /// The objects of all peers, in whatever state.
    #[func(gd_self)]
    fn get_peers(this: Gd<Self>) -> Array<Gd<ENetPacketPeerRs>> {
        let core = core(&this);
        let peers = core
            .host()
            .map(|_| core.peers())
            .map(|peers| peers.iter().map(|peer| peer.object()).collect());
        Said::or(peers, Array::new()).speak()
    }

    /// Sends a datagram that is none of ENet's.
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

setting_properties!(ENetConnectionRs);

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

/// Registers the enums and properties of the class.
pub(crate) fn register() {
    setting_properties::register::<ENetConnectionRs>();
    raw::register_enum::<ENetConnectionRs>("Limit", &limits::constants());
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
