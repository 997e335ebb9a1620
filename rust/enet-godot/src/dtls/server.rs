//! [`Server`]: the transport of a host that others connect to by DTLS.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use enet_proto::PeerId;
use enet_udp::Transport;
use godot::classes::{DtlsServer, PacketPeerUdp, TlsOptions, UdpServer};
use godot::global::Error as GodotError;
use godot::obj::{Gd, NewGd as _};

use super::contexts::Contexts;
use super::link::Link;
use super::{Control, WithControl, bind_text, instantiate, parse_remote};
use crate::error::DtlsSetupError;
use crate::raw::SharedGd;

/// Polls that fail in a row before the socket is held to be dead. An error that a remote caused is reported once.
const DEAD_AFTER: u32 = 64;

pub(crate) struct Server {
    udp: SharedGd<UdpServer>,
    dtls: SharedGd<DtlsServer>,
    contexts: Contexts<Link>,
    local_address: SocketAddr,
    control: Arc<Control>,
    failures: u32,
}

/// A key and a certificate that the engine has taken.
pub(crate) struct ServerSetup(SharedGd<DtlsServer>);

impl ServerSetup {
    /// Lets the engine take `options`.
    ///
    /// # Errors
    /// [`DtlsSetupError::Empty`], [`DtlsSetupError::Missing`] or [`DtlsSetupError::Tls`] (D28). The engine does not notice
    /// that a key and a certificate do not belong together; the handshakes fail then.
    pub(crate) fn new(options: &Gd<TlsOptions>) -> Result<Self, DtlsSetupError> {
        if options.get_private_key().is_none() || options.get_own_certificate().is_none() {
            return Err(DtlsSetupError::Empty);
        }
        let mut server = instantiate::<DtlsServer>()?;
        match server.setup(options) {
            GodotError::OK => Ok(Self(SharedGd::new(server))),
            error => Err(DtlsSetupError::Tls(error)),
        }
    }
}

impl Server {
    /// Listens at the address that the host had.
    ///
    /// # Errors
    /// [`DtlsSetupError::Unbound`] if it had none, [`DtlsSetupError::Bind`] if it is not to be had again (D28).
    pub(crate) fn listen(
        setup: ServerSetup,
        local_address: Option<SocketAddr>,
    ) -> Result<WithControl<Self>, DtlsSetupError> {
        let local_address = local_address.ok_or(DtlsSetupError::Unbound)?;
        let mut udp = UdpServer::new_gd();
        let listening = udp
            .listen_ex(local_address.port())
            .bind_address(&bind_text(local_address.ip()))
            .done();
        if listening != GodotError::OK {
            return Err(DtlsSetupError::Bind {
                address: local_address,
                error: listening,
            });
        }
        let control = Arc::<Control>::default();
        let server = Self {
            udp: SharedGd::new(udp),
            dtls: setup.0,
            contexts: Contexts::new(),
            local_address,
            control: control.clone(),
            failures: 0,
        };
        Ok((server, control))
    }

    /// Takes all who are new. Those who are not wanted are taken as well, and dropped: lowered, the engine's own limit
    /// would keep them and drop others (D17).
    fn accept(&mut self, now: Instant) {
        while self.udp.get_mut().is_connection_available() {
            let Some(socket) = self.udp.get_mut().take_connection() else {
                return;
            };
            if !self.control.refuses() && !self.contexts.is_crowded() {
                self.shake_hands(socket, now);
            }
        }
    }

    fn shake_hands(&mut self, socket: Gd<PacketPeerUdp>, now: Instant) {
        let Some(remote) = parse_remote(
            &socket.get_packet_ip().to_string(),
            socket.get_packet_port(),
        ) else {
            return;
        };
        let peer = self.dtls.get_mut().take_connection(&socket);
        if let Some(link) = peer.and_then(Link::accepted) {
            self.contexts.insert(remote, link, now);
        }
    }
}

impl Transport for Server {
    fn send(&mut self, to: SocketAddr, data: &[u8]) {
        self.contexts.send(to, data);
    }

    fn receive(&mut self, room: usize, take: &mut dyn FnMut(SocketAddr, &[u8])) {
        let now = Instant::now();
        self.failures = match self.udp.get_mut().poll() {
            GodotError::OK => 0,
            _ => self.failures + 1,
        };
        self.accept(now);
        self.contexts.receive(room, now, take);
    }

    fn keep_only(&mut self, peers: &HashMap<PeerId, SocketAddr>) {
        let remotes = peers.values().copied().collect();
        self.contexts.keep_only(&remotes, Instant::now());
    }

    fn local_address(&self) -> Option<SocketAddr> {
        Some(self.local_address)
    }

    fn is_broken(&self) -> bool {
        self.failures >= DEAD_AFTER
    }
}
