//! [`Link`]: one `PacketPeerDTLS` of the engine.

use std::net::SocketAddr;

use godot::builtin::PackedByteArray;
use godot::classes::packet_peer_dtls::Status;
use godot::classes::{PacketPeerDtls, PacketPeerUdp, TlsOptions};
use godot::global::Error as GodotError;
use godot::obj::Gd;

use super::contexts::{Context, Received};
use super::instantiate;
use crate::raw::SharedGd;

/// An encrypted connection to one remote, or the handshake for it. Its drop says goodbye to the remote.
pub(super) struct Link(SharedGd<PacketPeerDtls>);

impl Link {
    /// The server's side, unless the remote has yet to prove that it is where it says (the cookie exchange of DTLS),
    /// or is no DTLS client.
    pub(super) fn accepted(peer: Gd<PacketPeerDtls>) -> Option<Self> {
        matches!(peer.get_status(), Status::HANDSHAKING | Status::CONNECTED)
            .then(|| Self(SharedGd::new(peer)))
    }

    /// The client's side: begins the handshake with `to` through `socket`. `None` if it cannot begin; what the system has
    /// to say against the first datagram is [`Received::Over`].
    pub(super) fn begin(
        socket: &mut Gd<PacketPeerUdp>,
        to: SocketAddr,
        hostname: &str,
        options: &Gd<TlsOptions>,
    ) -> Option<Self> {
        let connected = socket.connect_to_host(&to.ip().to_string(), to.port().into());
        if connected != GodotError::OK {
            return None;
        }
        let mut peer = instantiate::<PacketPeerDtls>().ok()?;
        let begun = peer
            .connect_to_peer_ex(&*socket, hostname)
            .client_options(options)
            .done();
        // The engine calls any error of the first step a wrong name; before that step there is no status.
        let is_begun = begun == GodotError::OK || peer.get_status() != Status::DISCONNECTED;
        is_begun.then(|| Self(SharedGd::new(peer)))
    }
}

impl Context for Link {
    fn receive(&mut self) -> Received {
        let peer = self.0.get_mut();
        peer.poll();
        match peer.get_status() {
            Status::HANDSHAKING => Received::Handshaking,
            Status::CONNECTED if peer.get_available_packet_count() > 0 => {
                Received::Datagram(peer.get_packet().to_vec())
            }
            Status::CONNECTED => Received::Nothing,
            _ => Received::Over,
        }
    }

    fn send(&mut self, data: &[u8]) {
        let peer = self.0.get_mut();
        // The engine prints an error when it is asked to send before or after its time.
        if peer.get_status() == Status::CONNECTED {
            let sent = peer.put_packet(&PackedByteArray::from(data));
            if sent != GodotError::OK {
                log::trace!("{} bytes are lost: {sent:?}", data.len());
            }
        }
    }
}
