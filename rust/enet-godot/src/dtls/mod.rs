//! DTLS: a host's datagrams as application data of the engine's own DTLS objects.
//!
//! ```text
//! server: UDPServer ─► one PacketPeerUDP and PacketPeerDTLS (a context) for each remote
//! client: PacketPeerUDP ─► PacketPeerDTLS
//! ```
//!
//! Both are a [`Transport`](enet_udp::Transport), which takes the place of the host's socket. The engine's objects print
//! lines and drop objects, at which scripts may run: they are called with no lock held that anybody waits for, which
//! `enet_udp` sees to, and never on the network thread.
//!
//! What a [`Transport`](enet_udp::Transport) cannot tell by itself, and what it must be told while it works, passes
//! through the [`Control`] that the connection keeps.

mod client;
mod contexts;
mod diagnosis;
mod link;
mod server;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use godot::classes::{ClassDb, TlsOptions};
use godot::obj::{Gd, GodotClass, Inherits, Singleton as _};
use godot::prelude::Object;
use parking_lot::Mutex;

pub(crate) use self::client::Client;
pub(crate) use self::server::{Server, ServerSetup};
use crate::address::parse_literal;
use crate::error::DtlsSetupError;

/// Why an encrypted connection, or the attempt at one, came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DtlsFailure {
    #[error(
        "the server's certificate is trusted, but it is for another name than the one that was asked for"
    )]
    WrongName,
    #[error(
        "the server's certificate is not accepted: no trusted certificate vouches for it, or it is not valid at this time"
    )]
    NotTrusted,
    /// The trust is the system's, which cannot be asked about the name alone.
    #[error(
        "the server's certificate is not accepted: it is for another name, no certificate that the system trusts \
         vouches for it, or it is not valid at this time"
    )]
    Certificate,
    #[error(
        "the DTLS handshake failed, and not for the certificate: nobody speaks DTLS there, or not a common version of it"
    )]
    Handshake,
    #[error(
        "the engine could not begin a DTLS handshake: its TLS options are no use, or the address is not reached"
    )]
    NotBegun,
    /// The remote said that it sends nothing more, and no goodbye of ENet's came before.
    #[error("the remote closed the DTLS connection")]
    Closed,
}

/// What a connection and its transport tell each other.
#[derive(Default)]
pub(crate) struct Control {
    refuses: AtomicBool,
    failure: Mutex<Option<DtlsFailure>>,
    /// Whether it was told.
    is_told: AtomicBool,
}

impl Control {
    /// Turns away remotes that are not known yet, or not, before any answer. Means nothing to a client.
    pub(crate) fn refuse_new_connections(&self, refuse: bool) {
        self.refuses.store(refuse, Ordering::Relaxed);
    }

    /// Why the transport is broken.
    pub(crate) fn failure(&self) -> Option<DtlsFailure> {
        *self.failure.lock()
    }

    /// As [`Self::failure`], for a line about it: answered once.
    pub(crate) fn tell_failure(&self) -> Option<DtlsFailure> {
        let failure = self.failure()?;
        let was_told = self.is_told.swap(true, Ordering::Relaxed);
        (!was_told).then_some(failure)
    }

    /// Forgets it, as another connection begins.
    fn recover(&self) {
        *self.failure.lock() = None;
        self.is_told.store(false, Ordering::Relaxed);
    }

    fn refuses(&self) -> bool {
        self.refuses.load(Ordering::Relaxed)
    }

    fn fail(&self, failure: DtlsFailure) {
        *self.failure.lock() = Some(failure);
    }
}

/// Takes what a script gave for a server.
///
/// # Errors
/// [`DtlsSetupError::ServerOptions`] for none, and for a client's.
pub(crate) fn server_options(
    options: Option<Gd<TlsOptions>>,
) -> Result<Gd<TlsOptions>, DtlsSetupError> {
    options
        .filter(|options| options.is_server())
        .ok_or(DtlsSetupError::ServerOptions)
}

/// Takes what a script gave for a client; none is `TLSOptions.client()`.
///
/// # Errors
/// [`DtlsSetupError::ClientOptions`] for a server's; [`DtlsSetupError::Missing`] if the engine has no TLS.
pub(crate) fn client_options(
    options: Option<Gd<TlsOptions>>,
) -> Result<Gd<TlsOptions>, DtlsSetupError> {
    match options {
        Some(options) if options.is_server() => Err(DtlsSetupError::ClientOptions),
        Some(options) => Ok(options),
        None => TlsOptions::client().ok_or(DtlsSetupError::Missing),
    }
}

/// A new object of a class that builds of the engine may be without.
fn instantiate<T: GodotClass + Inherits<Object>>() -> Result<Gd<T>, DtlsSetupError> {
    ClassDb::singleton()
        .instantiate(&T::class_id().to_string_name())
        .try_to::<Gd<T>>()
        .map_err(|_| DtlsSetupError::Missing)
}

/// An address to bind to, as the engine takes it. Its sockets for `::` are deaf to IPv4, a host's are not.
fn bind_text(address: IpAddr) -> String {
    match address {
        IpAddr::V6(v6) if v6.is_unspecified() => "*".to_owned(),
        address => address.to_string(),
    }
}

/// The address that the engine writes as `ip`, with `port`.
fn parse_remote(ip: &str, port: i32) -> Option<SocketAddr> {
    let ip = parse_literal(ip)?.to_canonical();
    Some(SocketAddr::new(ip, u16::try_from(port).ok()?))
}

/// A transport and what it shares with the connection.
pub(crate) type WithControl<T> = (T, Arc<Control>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unspecified_ipv6_address_stands_for_both_families() {
        for (address, text) in [
            ("::", "*"),
            ("0.0.0.0", "0.0.0.0"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
        ] {
            assert_eq!(bind_text(address.parse().unwrap()), text);
        }
    }

    #[test]
    fn remotes_are_read_as_the_engine_writes_them() {
        for (ip, expected) in [
            ("127.0.0.1", "127.0.0.1:7"),
            ("0:0:0:0:0:ffff:7f00:1", "127.0.0.1:7"),
            ("0:0:0:0:0:0:0:1", "[::1]:7"),
        ] {
            assert_eq!(parse_remote(ip, 7), Some(expected.parse().unwrap()));
        }
        assert_eq!(parse_remote("", 7), None);
        assert_eq!(parse_remote("127.0.0.1", -1), None);
    }

    #[test]
    fn a_failure_is_told_once() {
        let control = Control::default();
        assert_eq!(control.tell_failure(), None);
        control.fail(DtlsFailure::WrongName);
        assert_eq!(control.tell_failure(), Some(DtlsFailure::WrongName));
        assert_eq!(control.tell_failure(), None);
        assert_eq!(control.failure(), Some(DtlsFailure::WrongName));
        control.recover();
        assert_eq!(control.failure(), None);
        control.fail(DtlsFailure::Closed);
        assert_eq!(control.tell_failure(), Some(DtlsFailure::Closed));
    }
}
