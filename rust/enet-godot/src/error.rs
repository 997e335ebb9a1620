//! Why a call was refused: one enum per operation. `convert` says what Godot gets for each.

use std::net::SocketAddr;

use enet_proto::{Prefix, PrefixError, SendError};
use enet_udp::{OpenError, ReplaceError};
use godot::builtin::VariantType;
use godot::global::Error as GodotError;

/// Something that has no host, or no connection behind it any more, was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotActive {
    #[error("the multiplayer instance isn't currently active")]
    Multiplayer,
    #[error("the ENetConnectionRs instance isn't currently active")]
    Connection,
    #[error("the ENetConnectionRs instance is already destroyed")]
    AlreadyDestroyed,
    #[error("the peer is not connected")]
    Peer,
}

/// Why no host was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    #[error("the multiplayer instance is already active")]
    AlreadyActive,
    #[error("the ENetConnectionRs instance is already active")]
    HostExists,
    #[error("the unique ID must be greater than 0, not {0}")]
    UniqueId(i32),
    #[error("'{0}' is neither an IP address nor '*'")]
    BindAddress(String),
    #[error("the local port must be between 0 and 65535 (inclusive), not {0}")]
    LocalPort(i32),
    #[error(
        "the number of clients or peers ('max_clients', 'max_peers') must be between 1 and 4095 (inclusive), not {0}"
    )]
    PeerCount(i32),
    #[error("the channel count must be between 0 and 255 (inclusive), not {0}")]
    ChannelCount(i32),
    #[error("the incoming bandwidth limit must be 0 or more bytes per second, not {0}")]
    IncomingBandwidth(i32),
    #[error("the outgoing bandwidth limit must be 0 or more bytes per second, not {0}")]
    OutgoingBandwidth(i32),
    #[error("couldn't create an ENet host: {0}")]
    Open(#[from] OpenError),
    #[error("couldn't connect to the ENet multiplayer server: {0}")]
    Connect(#[from] ConnectError),
}

/// Why a mesh has no new peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MeshError {
    #[error("a mesh peer needs a host, not null")]
    NoHost,
    #[error("the multiplayer instance is not configured as a mesh: call 'create_mesh' first")]
    NotMesh,
    #[error("the ID of a mesh peer must be greater than 0, not {0}")]
    UniqueId(i32),
    #[error("the ID {0} is this peer's own")]
    OwnId(i32),
    #[error("the host already serves as a link of a multiplayer instance")]
    HostInUse,
    #[error("the host must have exactly one peer, in the connected state")]
    NotConnected,
}

/// Why there is no connection object to hand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("a mesh has a host for each of its peers, not one")]
    Mesh,
}

/// Why no connection was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("the ENetConnectionRs is already connected to a peer")]
    HasPeer,
    #[error("the remote port must be between 1 and 65535 (inclusive), not {0}")]
    RemotePort(i32),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Refused(#[from] enet_udp::ConnectError),
}

/// Why an address is of no use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("couldn't resolve the server IP address or domain name '{0}'")]
    Unresolved(String),
    #[error("couldn't look up '{0}': the engine is looking up as many names as it can")]
    ResolverBusy(String),
}

/// Why a packet of the multiplayer peer went nowhere.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PutPacketError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("the multiplayer instance isn't currently connected to any server or client")]
    NotConnected,
    #[error("invalid target peer: {0}")]
    InvalidTarget(i32),
    #[error("the connection to the server is gone")]
    NoServer,
    #[error("unable to send packet on transfer channel {0}: there is no such channel")]
    NoSuchChannel(i32),
    #[error("unable to send packet on channel {channel_id}: the host has {limit} channels")]
    OverHostLimit { channel_id: u8, limit: usize },
    #[error("packet of {len} bytes is over the limit of {limit}")]
    TooLarge { len: usize, limit: usize },
    #[error("unable to send packet{}", list_of_unsent(.0))]
    Unsent(Vec<(i32, SendError)>),
}

fn list_of_unsent(unsent: &[(i32, SendError)]) -> String {
    let mut text = String::new();
    for (unique_id, reason) in unsent {
        let separator = if text.is_empty() { "" } else { ";" };
        text.push_str(&format!("{separator} to peer {unique_id}: {reason}"));
    }
    text
}

/// Why a packet of a packet peer went nowhere.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerSendError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("unable to send packet on channel {channel}, max channels: {count}")]
    InvalidChannel { channel: i32, count: usize },
    #[error("invalid flags: {0}")]
    InvalidFlags(i32),
    #[error(transparent)]
    Refused(#[from] SendError),
}

/// Why a broadcast of a connection went nowhere.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BroadcastError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("invalid channel: {0}")]
    InvalidChannel(i32),
    #[error("invalid flags: {0}")]
    InvalidFlags(i32),
    #[error("unable to send packet on channel {channel}, max channels: {limit}")]
    OverLimit { channel: i32, limit: usize },
}

/// Why there is no packet to read or to describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("no incoming packets available")]
    Empty,
}

/// Why a peer was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LookupError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("there is no peer with the id {0}")]
    UnknownPeer(i32),
}

/// Why nobody was kicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KickError {
    #[error("the reason of a kick must be between 0 and 4095 (inclusive), not {0}")]
    Reason(i64),
    #[error("a client cannot kick its server: use 'disconnect_peer' or 'close'")]
    Client,
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

/// Why a setting was left as it was.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum SettingError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("invalid bind IP address: {0}")]
    BindAddress(String),
    #[error(
        "timeout limit must be less than minimum timeout, which itself must be less than maximum timeout"
    )]
    Timeouts,
    #[error("the limit must be one of ENetConnectionRs.Limit, 0 to {last}, not {given}")]
    NoLimit { given: i32, last: usize },
    #[error("'{name}' must be between 0 (no limit) and {most}, not {value}")]
    Limit {
        name: &'static str,
        most: i64,
        value: i64,
    },
    #[error("'recovery' must be RECOVERY_FAST (0) or RECOVERY_VANILLA (1), not {0}")]
    Recovery(i32),
    #[error("'{name}' must be between 0 and 1000000 seconds (inclusive), not {value}")]
    Seconds { name: &'static str, value: f64 },
    #[error("'{name}' must be between 0 and 2147483647 (inclusive), not {value}")]
    Whole { name: &'static str, value: i64 },
}

/// Why a `connection_filter` counts as one that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error(
        "'connection_filter' cannot be called: its object is gone, or it has no such method with the arguments (address: \
         String, port: int, data: int)"
    )]
    NotCallable,
    #[error("'connection_filter' must return a bool, not {}", type_text(.0))]
    NoBool(VariantType),
}

/// Why nobody was banned, or no ban ended.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum BanError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("'{text}' is neither an address nor a prefix: {error}")]
    Prefix { text: String, error: PrefixError },
    #[error(
        "the seconds of a ban must be between 0 (for ever) and 1000000000 (inclusive), not {0}"
    )]
    Seconds(f64),
    #[error("{0} is not banned")]
    NotBanned(Prefix),
}

/// Why a raw datagram was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketSendError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("the remote port must be between 1 and 65535 (inclusive), not {0}")]
    RemotePort(i32),
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Why a host goes without DTLS. After [`Self::Unbound`] and [`Self::Bind`] it is closed: it must not go on in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DtlsSetupError {
    #[error(transparent)]
    NotActive(#[from] NotActive),
    #[error("a server needs options of TLSOptions.server")]
    ServerOptions,
    #[error("a client needs options of TLSOptions.client or TLSOptions.client_unsafe")]
    ClientOptions,
    #[error("this build of the engine has no DTLS")]
    Missing,
    #[error("DTLS is set up already")]
    AlreadySetUp,
    #[error("the options of a server need a key and a certificate")]
    Empty,
    #[error("the TLS options cannot be used: {}", error_text(.0))]
    Tls(GodotError),
    #[error(
        "a DTLS server needs a port: create the host with 'create_host_bound' or 'create_server'"
    )]
    Unbound,
    #[error("cannot bind {address} again for DTLS: {}", error_text(.error))]
    Bind {
        address: SocketAddr,
        error: GodotError,
    },
}

impl From<ReplaceError<Self>> for DtlsSetupError {
    fn from(error: ReplaceError<Self>) -> Self {
        match error {
            ReplaceError::Transport(error) => error,
            ReplaceError::Replaced => Self::AlreadySetUp,
            _ => NotActive::Connection.into(),
        }
    }
}

/// The name of a type, as scripts write it.
fn type_text(kind: &VariantType) -> &'static str {
    use godot::obj::EngineEnum as _;
    kind.as_str()
}

/// The engine's name of `error`.
fn error_text(error: &GodotError) -> &'static str {
    use godot::obj::EngineEnum as _;
    error.as_str()
}
