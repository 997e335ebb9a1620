//! [`Remote`]: the other side of a connection, as people are told of it.

use std::net::SocketAddr;

use enet_proto::Reason;

use crate::convert::address_text;

/// The other side of a connection, as it is called in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remote {
    /// The server that a client connects to, or was connected to.
    Server {
        /// As the script gave it.
        address: String,
        port: i32,
        is_connecting: bool,
    },
    /// A client, or another peer of a mesh.
    Peer {
        unique_id: i32,
        address: Option<SocketAddr>,
        /// Whether it is a client of ours, which cannot turn us away.
        is_client: bool,
    },
}

impl Remote {
    pub(super) const fn is_connecting(&self) -> bool {
        matches!(
            self,
            Self::Server {
                is_connecting: true,
                ..
            }
        )
    }

    /// Whether the remote can know what this says: a client of ours turns nobody away and throws nobody out.
    pub(super) const fn may_say(&self, reason: Reason) -> bool {
        match self {
            Self::Server { .. }
            | Self::Peer {
                is_client: false, ..
            } => true,
            Self::Peer { .. } => matches!(reason, Reason::Closed | Reason::Stalled),
        }
    }

    /// What it is called in the middle of a sentence.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Server { address, port, .. } => format!("the server at {address}, port {port}"),
            Self::Peer {
                unique_id, address, ..
            } => match address {
                Some(address) => {
                    let (ip, port) = (address_text(address.ip()), address.port());
                    format!("peer {unique_id} at {ip}, port {port}")
                }
                None => format!("peer {unique_id}"),
            },
        }
    }
}

/// At the beginning of a sentence.
impl std::fmt::Display for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name();
        let (first, rest) = name.split_at(1);
        write!(f, "{}{rest}", first.to_uppercase())
    }
}
