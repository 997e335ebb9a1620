//! Why a call was refused: one enum per operation.

use std::io;
use std::net::SocketAddr;

/// Why [`UdpHost::open`](crate::UdpHost::open) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The system gave no socket.
    #[error("no UDP socket: {0}")]
    Socket(#[source] io::Error),
    /// The address is in use, not ours, or not allowed.
    #[error("cannot bind {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no random seed, without which connect ids could be guessed.
    #[error("no random seed from the system: {0}")]
    Seed(#[source] io::Error),
    /// The network thread could not be started, or the library is shutting down.
    #[error("no network thread: {0}")]
    Thread(#[source] io::Error),
}

/// Why [`UdpHost::connect`](crate::UdpHost::connect) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host was closed.
    #[error("the host is closed")]
    Closed,
    /// The engine refused.
    #[error(transparent)]
    Refused(#[from] enet_proto::ConnectError),
}

/// Why [`UdpHost::replace_socket`](crate::UdpHost::replace_socket) failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError<E> {
    /// The host was closed.
    #[error("the host is closed")]
    Closed,
    /// There is no socket any more: it was replaced before.
    #[error("the socket was replaced before")]
    Replaced,
    /// There is no transport; the host is closed now, as it has no socket either.
    #[error(transparent)]
    Transport(E),
}
