//! What the tests on real sockets share: pairs of hosts on the loopback, pumped until something has happened.

#![allow(dead_code, reason = "the smaller test binaries use a part of it")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use enet_udp::{Bind, HostEvent, UdpHost, UdpHostConfig, UdpPeer};

/// Far more than anything here takes on a loaded machine; a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A wait for one event; no result depends on it.
pub(crate) const MOMENT: Duration = Duration::from_millis(2);
/// Nobody serves it, and no system gives it to a socket that asks for any port.
pub(crate) const CLOSED_PORT: u16 = 1;

pub(crate) const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Without the throttle, which drops unreliable packets when a busy machine lets acknowledgements wait.
pub(crate) fn config(threaded: bool) -> UdpHostConfig {
    UdpHostConfig::new(32)
        .threaded(threaded)
        .throttle_enabled(false)
}

/// A host on a port of the system's choice.
pub(crate) fn server(threaded: bool) -> UdpHost {
    UdpHost::open(config(threaded).bind(Bind::Address(loopback(0)))).unwrap()
}

pub(crate) fn client(threaded: bool) -> UdpHost {
    UdpHost::open(config(threaded)).unwrap()
}

/// A socket that is no ENet host.
pub(crate) fn raw_socket() -> UdpSocket {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// What lies in `socket` now.
pub(crate) fn received(socket: &UdpSocket) -> Vec<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 4096];
    std::iter::from_fn(|| {
        socket
            .recv_from(&mut buffer)
            .ok()
            .map(|(len, from)| (buffer[..len].to_vec(), from))
    })
    .collect()
}

/// Services `hosts` in turn and collects their events, each with its host's index, until `done` says so.
pub(crate) fn pump(
    hosts: &[&UdpHost],
    mut done: impl FnMut(&[(usize, HostEvent)]) -> bool,
) -> Vec<(usize, HostEvent)> {
    let start = Instant::now();
    let mut events = Vec::new();
    let mut wait = Duration::ZERO;
    while !done(&events) {
        assert!(
            start.elapsed() < PATIENCE,
            "it never happened; so far: {:?}",
            Tail(&events)
        );
        let before = events.len();
        for (index, host) in hosts.iter().enumerate() {
            events.extend(host.service(wait).map(|event| (index, event)));
        }
        wait = if events.len() == before {
            MOMENT
        } else {
            Duration::ZERO
        };
    }
    events
}

/// The last few of many events, for a message.
struct Tail<'a>(&'a [(usize, HostEvent)]);

impl std::fmt::Debug for Tail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} events, at last", self.0.len())?;
        for (index, event) in &self.0[self.0.len().saturating_sub(6)..] {
            match event {
                HostEvent::Receive { packet, .. } => write!(f, ", {} bytes", packet.len())?,
                other => write!(f, ", {other:?}")?,
            }
            write!(f, " at host {index}")?;
        }
        Ok(())
    }
}

/// Waits until `condition` holds, while the hosts' network thread works.
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "it never happened");
        std::thread::yield_now();
    }
}

/// The one event that is due at `host`, which is serviced until it comes.
pub(crate) fn next_event(host: &UdpHost) -> HostEvent {
    pump(&[host], |events| !events.is_empty()).remove(0).1
}

/// A server with one client, connected, their connect events taken.
pub(crate) struct Pair {
    pub(crate) server: UdpHost,
    pub(crate) client: UdpHost,
    /// The client, as the server sees it.
    pub(crate) to_client: UdpPeer,
    /// The server, as the client sees it.
    pub(crate) to_server: UdpPeer,
}

impl Pair {
    pub(crate) fn connected(threaded: bool) -> Self {
        Self::of(server(threaded), client(threaded), 4)
    }

    pub(crate) fn of(server: UdpHost, client: UdpHost, channel_count: usize) -> Self {
        let to_server = client
            .connect(server.local_address().unwrap(), channel_count, 7)
            .unwrap();
        let events = pump(&[&server, &client], |events| events.len() == 2);
        let mut to_client = None;
        for (index, event) in events {
            match event {
                HostEvent::Connect { peer, data: 7 } if index == 0 => to_client = Some(peer),
                HostEvent::Connect { peer, data: 0 } if index == 1 => assert_eq!(peer, to_server),
                other => panic!("unexpected at host {index}: {other:?}"),
            }
        }
        Self {
            server,
            client,
            to_client: to_client.expect("the server saw the client"),
            to_server,
        }
    }

    pub(crate) fn hosts(&self) -> [&UdpHost; 2] {
        [&self.server, &self.client]
    }
}

/// The payloads among `events` that `host` received, in order.
pub(crate) fn payloads(events: &[(usize, HostEvent)], host: usize) -> Vec<Vec<u8>> {
    events
        .iter()
        .filter_map(|(index, event)| match event {
            HostEvent::Receive { packet, .. } if *index == host => Some(packet.data().to_vec()),
            _ => None,
        })
        .collect()
}

/// Stands between a client and a server: passes datagrams on until it is asked to keep them.
pub(crate) struct Relay {
    /// Where the client sends to.
    front: UdpSocket,
    back: UdpSocket,
    server: SocketAddr,
    client: Option<SocketAddr>,
    /// What the client has sent and was passed on.
    pub(crate) passed: Vec<Vec<u8>>,
}

impl Relay {
    pub(crate) fn to(server: SocketAddr) -> Self {
        Self {
            front: raw_socket(),
            back: raw_socket(),
            server,
            client: None,
            passed: Vec::new(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.front.local_addr().unwrap()
    }

    /// Passes on what has arrived.
    pub(crate) fn pass(&mut self) {
        for (data, from) in received(&self.front) {
            self.client = Some(from);
            self.back.send_to(&data, self.server).unwrap();
            self.passed.push(data);
        }
        for (data, _) in received(&self.back) {
            self.front
                .send_to(&data, self.client.expect("the client spoke first"))
                .unwrap();
        }
    }

    /// What the client has sent and was not passed on.
    pub(crate) fn kept(&self) -> Vec<Vec<u8>> {
        received(&self.front)
            .into_iter()
            .map(|(data, _)| data)
            .collect()
    }

    /// Connects `client` to the server through the relay; both connect events are taken.
    pub(crate) fn connect(&mut self, server: &UdpHost, client: &UdpHost) -> UdpPeer {
        let peer = client.connect(self.address(), 2, 0).unwrap();
        pump(&[server, client], |events| {
            self.pass();
            events.len() == 2
        });
        peer
    }
}
