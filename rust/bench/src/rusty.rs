//! `rusty_enet`, a port of C ENet to Rust, as a [`Party`].

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use enet_proto::PacketFlags;
use rusty_enet::{EventNoRef, Host, HostSettings, Packet, PacketKind, PeerID};

use crate::party::{Happening, Party};

/// A host on a free local port, with the buffers that the system gives a socket.
pub(crate) struct RustyHost(Host<UdpSocket>);

impl RustyHost {
    /// # Panics
    /// If no socket is free.
    pub(crate) fn local(peer_limit: usize, channel_limit: usize) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket is free");
        let settings = HostSettings {
            peer_limit,
            channel_limit,
            ..HostSettings::default()
        };
        Self(Host::new(socket, settings).expect("the settings are valid"))
    }
}

impl Party for RustyHost {
    type Peer = PeerID;

    fn connect(&mut self, port: u16, channels: usize) -> PeerID {
        let address = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        let peer = self.0.connect(address, channels, 0);
        peer.expect("a slot is free").id()
    }

    fn send(&mut self, peer: &PeerID, flags: PacketFlags, data: &[u8]) {
        let sent = self.0.peer_mut(*peer).send(0, &packet(flags, data));
        sent.expect("the peer is connected");
    }

    fn broadcast(&mut self, flags: PacketFlags, data: &[u8]) {
        self.0.broadcast(0, &packet(flags, data));
    }

    fn flush(&mut self) {
        self.0.flush();
    }

    fn next(&mut self) -> Option<Happening<PeerID>> {
        let event = self.0.service().expect("the socket works")?;
        Some(match event.no_ref() {
            EventNoRef::Connect { peer, .. } => Happening::Connected(peer),
            EventNoRef::Disconnect { .. } => Happening::Disconnected,
            EventNoRef::Receive { packet, .. } => Happening::Received(packet.data().len()),
        })
    }

    fn wait(&mut self, limit: Duration) -> Option<Happening<PeerID>> {
        let deadline = Instant::now() + limit;
        loop {
            let happening = self.next();
            if happening.is_some() || Instant::now() >= deadline {
                return happening;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn port(&self) -> u16 {
        let address = self.0.socket().local_addr();
        address.expect("a bound socket has an address").port()
    }
}

fn packet(flags: PacketFlags, data: &[u8]) -> Packet {
    let sequenced = !flags.contains(PacketFlags::UNSEQUENCED);
    let kind = if flags.contains(PacketFlags::RELIABLE) {
        PacketKind::Reliable
    } else {
        PacketKind::Unreliable { sequenced }
    };
    Packet::new(data, kind)
}
