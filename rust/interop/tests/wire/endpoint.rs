//! [`Endpoint`]: what the scenarios need of an implementation of ENet.

use std::fmt;
use std::net::SocketAddr;

use enet_proto::PacketFlags;

/// An event as the application sees it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Connect {
        data: u32,
    },
    Disconnect {
        data: u32,
    },
    Receive {
        channel_id: u8,
        flags: Option<PacketFlags>,
        data: Vec<u8>,
    },
}

/// Without the payload, which may be a mebibyte.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { data } => write!(f, "Connect({data})"),
            Self::Disconnect { data } => write!(f, "Disconnect({data})"),
            Self::Receive {
                channel_id,
                flags,
                data,
            } => {
                write!(
                    f,
                    "Receive({} bytes, channel {channel_id}, {flags:?})",
                    data.len()
                )
            }
        }
    }
}

/// How a host is made; what is missing has ENet's default.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) peer_count: usize,
    pub(crate) channel_limit: usize,
    /// Bytes per second; 0 is unlimited.
    pub(crate) incoming_bandwidth: u32,
    pub(crate) outgoing_bandwidth: u32,
    pub(crate) range_coder: bool,
    pub(crate) checksum: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            peer_count: 4,
            channel_limit: 255,
            incoming_bandwidth: 0,
            outgoing_bandwidth: 0,
            range_coder: false,
            checksum: false,
        }
    }
}

/// The three ways to end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goodbye {
    Disconnect,
    Now,
    Later,
}

/// A host of some implementation, without a socket and with a clock set from outside.
///
/// It talks to one remote at a time: the one it connected to or accepted last.
pub(crate) trait Endpoint {
    fn connect(&mut self, address: SocketAddr, channel_count: usize, data: u32);

    /// Whether the packet was accepted.
    fn send(&mut self, channel_id: u8, flags: PacketFlags, data: &[u8]) -> bool;

    fn end(&mut self, goodbye: Goodbye, data: u32);

    /// Takes in `datagrams` at a moment of the common clock and returns those to send.
    fn service(
        &mut self,
        now_micros: u64,
        datagrams: Vec<(SocketAddr, Vec<u8>)>,
    ) -> Vec<(SocketAddr, Vec<u8>)>;

    /// Bytes of the heap that its engine holds; only differences tell something.
    fn memory(&mut self) -> usize;

    /// What happened since the last call.
    fn take_events(&mut self) -> Vec<Seen>;
}
