//! [`Party`]: one endpoint, ours or another, so that the same work is measured with each.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use enet_proto::{Packet, PacketFlags};
use enet_udp::{Bind, HostEvent, UdpHost, UdpHostConfig, UdpPeer};

use c_enet::{CEvent, CHost, CPeer};

/// What happened at an endpoint.
pub(crate) enum Happening<P> {
    Connected(P),
    Disconnected,
    /// A packet of so many bytes.
    Received(usize),
}

/// An endpoint with a real socket on the loopback interface.
pub(crate) trait Party {
    type Peer: Clone;

    fn connect(&mut self, port: u16, channels: usize) -> Self::Peer;
    fn send(&mut self, peer: &Self::Peer, flags: PacketFlags, data: &[u8]);
    fn broadcast(&mut self, flags: PacketFlags, data: &[u8]);
    fn flush(&mut self);
    /// What has happened, after reading and sending if nothing is known yet; never waits.
    fn next(&mut self) -> Option<Happening<Self::Peer>>;
    /// Waits for the next happening.
    fn wait(&mut self, limit: Duration) -> Option<Happening<Self::Peer>>;
    fn port(&self) -> u16;
}

impl Party for CHost {
    type Peer = CPeer;

    fn connect(&mut self, port: u16, channels: usize) -> CPeer {
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        Self::connect(self, address, channels, 0)
    }

    fn send(&mut self, peer: &CPeer, flags: PacketFlags, data: &[u8]) {
        assert!(Self::send(self, *peer, 0, flags, data), "refused");
    }

    fn broadcast(&mut self, flags: PacketFlags, data: &[u8]) {
        Self::broadcast(self, 0, flags, data);
    }

    fn flush(&mut self) {
        Self::flush(self);
    }

    fn next(&mut self) -> Option<Happening<CPeer>> {
        self.wait(Duration::ZERO)
    }

    fn wait(&mut self, limit: Duration) -> Option<Happening<CPeer>> {
        self.service(limit).map(Happening::from)
    }

    fn port(&self) -> u16 {
        Self::port(self)
    }
}

impl Party for UdpHost {
    type Peer = UdpPeer;

    fn connect(&mut self, port: u16, channels: usize) -> UdpPeer {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self::connect(self, address, channels, 0).expect("a slot is free")
    }

    fn send(&mut self, peer: &UdpPeer, flags: PacketFlags, data: &[u8]) {
        peer.send(0, Packet::new(data.to_vec(), flags))
            .expect("the peer is connected");
    }

    fn broadcast(&mut self, flags: PacketFlags, data: &[u8]) {
        Self::broadcast(self, 0, &Packet::new(data.to_vec(), flags));
    }

    fn flush(&mut self) {
        Self::flush(self);
    }

    fn next(&mut self) -> Option<Happening<UdpPeer>> {
        let event = self.next_event().or_else(|| {
            self.poll();
            self.next_event()
        });
        event.map(Happening::from)
    }

    fn wait(&mut self, limit: Duration) -> Option<Happening<UdpPeer>> {
        self.service(limit).map(Happening::from)
    }

    fn port(&self) -> u16 {
        self.local_address()
            .expect("hosts here are bound and open")
            .port()
    }
}

impl From<CEvent> for Happening<CPeer> {
    fn from(event: CEvent) -> Self {
        match event {
            CEvent::Connect(peer, _) => Self::Connected(peer),
            CEvent::Disconnect(_) => Self::Disconnected,
            CEvent::Receive(_, packet) => Self::Received(packet.data().len()),
        }
    }
}

impl From<HostEvent> for Happening<UdpPeer> {
    fn from(event: HostEvent) -> Self {
        match event {
            HostEvent::Connect { peer, .. } => Self::Connected(peer),
            HostEvent::Disconnect { .. } => Self::Disconnected,
            HostEvent::Receive { packet, .. } => Self::Received(packet.len()),
        }
    }
}

/// One of our hosts on a free local port.
pub(crate) fn ours(peers: usize, threaded: bool) -> UdpHost {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = UdpHostConfig::new(peers)
        .bind(Bind::Address(address))
        .threaded(threaded);
    let host = UdpHost::open(config).expect("a socket is free");
    host.poll();
    host
}

/// Connects `count` peers of `client` to `server`, some at a time; answers the client's and the server's peers.
///
/// # Panics
/// If they are not connected after a minute.
pub(crate) fn connect<C: Party, S: Party>(
    client: &mut C,
    server: &mut S,
    count: usize,
    channels: usize,
) -> (Vec<C::Peer>, Vec<S::Peer>) {
    // As many as our server lets one port try at once.
    const AT_A_TIME: usize = 16;
    let port = server.port();
    let deadline = Instant::now() + Duration::from_secs(60);
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    let mut asked = 0;
    while clients.len() < count || servers.len() < count {
        assert!(Instant::now() < deadline, "{} of {count}", servers.len());
        while asked < count && asked < servers.len() + AT_A_TIME {
            client.connect(port, channels);
            asked += 1;
        }
        if let Some(Happening::Connected(peer)) = client.next() {
            clients.push(peer);
        }
        if let Some(Happening::Connected(peer)) = server.next() {
            servers.push(peer);
        }
    }
    (clients, servers)
}
