//! [`Client`]: the transport of a host that connects to a server by DTLS.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use enet_proto::PeerId;
use enet_udp::Transport;
use godot::classes::{PacketPeerUdp, TlsOptions};
use godot::global::Error as GodotError;
use godot::obj::{Gd, NewGd as _};

use super::contexts::{Context as _, Received};
use super::diagnosis::Diagnosis;
use super::link::Link;
use super::{Control, DtlsFailure, WithControl, bind_text, parse_remote};
use crate::error::DtlsSetupError;
use crate::raw::SharedGd;

/// Connects to the server that something is sent to first, and to another once the host has done with that one.
pub(crate) struct Client {
    hostname: String,
    options: SharedGd<TlsOptions>,
    /// Where the socket was bound before, and is to be bound again.
    bound_to: Option<SocketAddr>,
    local_address: Option<SocketAddr>,
    state: State,
    control: Arc<Control>,
}

enum State {
    /// Nothing was sent yet. The socket has a port if the host had one.
    Idle(SharedGd<PacketPeerUdp>),
    Begun {
        server: SocketAddr,
        /// Known once the host has told.
        peer: Option<PeerId>,
        stage: Stage,
    },
    /// The port is not to be had again.
    Unbound,
}

/// How far it has come with a server.
enum Stage {
    Open(Session),
    /// The handshake failed.
    Diagnosing(Diagnosis),
    /// Nothing can be sent any more.
    Over,
}

/// The connection to a server, or the handshake for it.
struct Session {
    link: Link,
    /// What began the handshake waits for its end. A later datagram takes its place: until the server has answered, all
    /// of them ask for the same (D27).
    held: Option<Vec<u8>>,
    is_connected: bool,
}

impl Session {
    fn send(&mut self, data: &[u8]) {
        if self.is_connected {
            self.link.send(data);
        } else {
            self.held = Some(data.to_vec());
        }
    }

    /// Hands at most `room` datagrams to `take`; `false` when the connection is over.
    fn receive(&mut self, room: usize, mut take: impl FnMut(&[u8])) -> bool {
        for _ in 0..room {
            let received = self.link.receive();
            if matches!(received, Received::Nothing | Received::Datagram(_)) {
                self.is_connected = true;
                if let Some(data) = self.held.take() {
                    self.link.send(&data);
                }
            }
            match received {
                Received::Datagram(data) => take(&data),
                Received::Handshaking | Received::Nothing => return true,
                Received::Over => return false,
            }
        }
        true
    }
}

impl Client {
    /// A client that checks the server's certificate against `hostname` by `options`, at the address that the host had.
    ///
    /// # Errors
    /// [`DtlsSetupError::Bind`] if that address is not to be had again (D28).
    pub(crate) fn new(
        hostname: String,
        options: Gd<TlsOptions>,
        bound_to: Option<SocketAddr>,
    ) -> Result<WithControl<Self>, DtlsSetupError> {
        let control = Arc::<Control>::default();
        let client = Self {
            hostname,
            options: SharedGd::new(options),
            bound_to,
            local_address: bound_to,
            state: State::Idle(bind(bound_to)?),
            control: control.clone(),
        };
        Ok((client, control))
    }

    fn begin(&mut self, mut socket: Gd<PacketPeerUdp>, server: SocketAddr, data: &[u8]) -> Stage {
        let link = Link::begin(&mut socket, server, &self.hostname, self.options.get_mut());
        self.local_address = local_address(&socket, self.bound_to);
        match link {
            Some(link) => Stage::Open(Session {
                link,
                held: Some(data.to_vec()),
                is_connected: false,
            }),
            None => self.fail(DtlsFailure::NotBegun),
        }
    }

    fn fail(&self, failure: DtlsFailure) -> Stage {
        self.control.fail(failure);
        Stage::Over
    }

    /// What follows when the connection to `server`, or the handshake for it, is over.
    fn end(&mut self, server: SocketAddr, was_connected: bool) -> Stage {
        if was_connected {
            return self.fail(DtlsFailure::Closed);
        }
        let options = self.options.get_mut();
        let diagnosis = Diagnosis::new(server, &self.hostname, options, Instant::now());
        Stage::Diagnosing(diagnosis)
    }
}

impl Transport for Client {
    fn send(&mut self, to: SocketAddr, data: &[u8]) {
        match &mut self.state {
            State::Idle(socket) => {
                let socket = socket.get();
                let stage = self.begin(socket, to, data);
                self.state = State::Begun {
                    server: to,
                    peer: None,
                    stage,
                };
            }
            State::Begun {
                server,
                stage: Stage::Open(session),
                ..
            } if *server == to => session.send(data),
            _ => log::trace!("{} bytes to {to} are lost: no DTLS there", data.len()),
        }
    }

    fn receive(&mut self, room: usize, take: &mut dyn FnMut(SocketAddr, &[u8])) {
        let State::Begun { server, stage, .. } = &mut self.state else {
            return;
        };
        let server = *server;
        let next = match stage {
            Stage::Open(session) => {
                if session.receive(room, |data| take(server, data)) {
                    return;
                }
                let was_connected = session.is_connected;
                self.end(server, was_connected)
            }
            Stage::Diagnosing(diagnosis) => match diagnosis.poll(Instant::now()) {
                Some(failure) => self.fail(failure),
                None => return,
            },
            Stage::Over => return,
        };
        if let State::Begun { stage, .. } = &mut self.state {
            *stage = next;
        }
    }

    /// A server that is no peer any more is let go of, and another can follow (D25).
    fn keep_only(&mut self, peers: &HashMap<PeerId, SocketAddr>) {
        let State::Begun { server, peer, .. } = &mut self.state else {
            return;
        };
        if peer.is_none() {
            *peer = peers
                .iter()
                .find(|(_, address)| *address == server)
                .map(|(peer, _)| *peer);
        }
        if peer.is_some_and(|peer| peers.contains_key(&peer)) {
            return;
        }
        // The old socket must be gone before the port can be had again.
        self.state = State::Unbound;
        self.control.recover();
        self.local_address = self.bound_to;
        match bind(self.bound_to) {
            Ok(socket) => self.state = State::Idle(socket),
            Err(error) => log::error!("{error}"),
        }
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.local_address
    }

    fn is_broken(&self) -> bool {
        matches!(
            self.state,
            State::Unbound
                | State::Begun {
                    stage: Stage::Over,
                    ..
                }
        )
    }
}

/// A socket at `address`, or one whose port the system chooses once it is needed.
fn bind(address: Option<SocketAddr>) -> Result<SharedGd<PacketPeerUdp>, DtlsSetupError> {
    let mut socket = PacketPeerUdp::new_gd();
    if let Some(address) = address {
        let bound = socket
            .bind_ex(address.port().into())
            .bind_address(&bind_text(address.ip()))
            .done();
        if bound != GodotError::OK {
            return Err(DtlsSetupError::Bind {
                address,
                error: bound,
            });
        }
    }
    Ok(SharedGd::new(socket))
}

/// The port that `socket` has now, at the address that was asked for, if any was.
fn local_address(socket: &Gd<PacketPeerUdp>, bound_to: Option<SocketAddr>) -> Option<SocketAddr> {
    bound_to.or_else(|| parse_remote("::", socket.get_local_port()))
}
