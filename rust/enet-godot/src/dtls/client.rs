//! [`Client`]: the transport of a host that connects to a server by DTLS.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

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

/// Where to send and what to demand of who is there.
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
    Open(Session),
    /// The handshake failed.
    Diagnosing {
        to: SocketAddr,
        diagnosis: Diagnosis,
    },
    /// Nothing can be sent any more to `to`.
    Over {
        to: SocketAddr,
    },
}

/// The connection to a server, or the handshake for it.
struct Session {
    to: SocketAddr,
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
    fn receive(&mut self, room: usize, take: &mut dyn FnMut(SocketAddr, &[u8])) -> bool {
        for _ in 0..room {
            let received = self.link.receive();
            if matches!(received, Received::Nothing | Received::Datagram(_)) {
                self.is_connected = true;
                if let Some(data) = self.held.take() {
                    self.link.send(&data);
                }
            }
            match received {
                Received::Datagram(data) => take(self.to, &data),
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

    /// Begins the handshake with the first server that something is sent to.
    fn begin(&mut self, mut socket: Gd<PacketPeerUdp>, to: SocketAddr, data: &[u8]) -> State {
        let link = Link::begin(&mut socket, to, &self.hostname, self.options.get_mut());
        self.local_address = local_address(&socket, self.bound_to);
        match link {
            Some(link) => State::Open(Session {
                to,
                link,
                held: Some(data.to_vec()),
                is_connected: false,
            }),
            None => self.fail(to, DtlsFailure::NotBegun),
        }
    }

    fn fail(&self, to: SocketAddr, failure: DtlsFailure) -> State {
        self.control.fail(failure);
        State::Over { to }
    }

    /// What follows when a connection to `to`, or the attempt at one, is over.
    fn end(&mut self, to: SocketAddr, was_connected: bool) -> State {
        if was_connected {
            return self.fail(to, DtlsFailure::Closed);
        }
        let diagnosis = Diagnosis::new(to, &self.hostname, self.options.get_mut(), Instant::now());
        State::Diagnosing { to, diagnosis }
    }
}

impl Transport for Client {
    fn send(&mut self, to: SocketAddr, data: &[u8]) {
        match &mut self.state {
            State::Idle(socket) => {
                let socket = socket.get();
                self.state = self.begin(socket, to, data);
            }
            State::Open(session) if session.to == to => session.send(data),
            _ => log::trace!(
                "{} bytes to {to} are lost: there is no DTLS with it",
                data.len()
            ),
        }
    }

    fn receive(&mut self, room: usize, take: &mut dyn FnMut(SocketAddr, &[u8])) {
        match &mut self.state {
            State::Open(session) => {
                if !session.receive(room, take) {
                    let (to, was_connected) = (session.to, session.is_connected);
                    self.state = self.end(to, was_connected);
                }
            }
            State::Diagnosing { to, diagnosis } => {
                let to = *to;
                if let Some(failure) = diagnosis.poll(Instant::now()) {
                    self.state = self.fail(to, failure);
                }
            }
            State::Idle(_) | State::Over { .. } => {}
        }
    }

    /// A server that is no peer any more is let go of, and another can follow (D25).
    fn keep_only(&mut self, remotes: &HashSet<SocketAddr>) {
        let to = match &self.state {
            State::Idle(_) => return,
            State::Open(session) => session.to,
            State::Diagnosing { to, .. } | State::Over { to } => *to,
        };
        if remotes.contains(&to) {
            return;
        }
        // The old socket must be gone before the port can be had again.
        self.state = State::Over { to };
        self.control.take_failure();
        match bind(self.bound_to) {
            Ok(socket) => self.state = State::Idle(socket),
            Err(error) => log::error!("{error}"),
        }
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.local_address
    }

    fn is_broken(&self) -> bool {
        matches!(self.state, State::Over { .. })
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
