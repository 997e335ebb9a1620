//! [`Relay`]: sits on the path between one client and the server, and keeps copies of what passes.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::random::Random;

/// Datagrams of each direction that are kept.
const KEPT: usize = 4096;
/// No datagram of ENet is longer.
const LONGEST: usize = 4096;

/// Datagrams that passed, oldest first, and when.
#[derive(Default)]
pub(crate) struct Record(VecDeque<(Instant, Vec<u8>)>);

impl Record {
    fn keep(&mut self, data: &[u8]) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((Instant::now(), data.to_vec()));
    }

    /// Any of them, if there is one.
    pub(crate) fn any(&self, random: &mut Random) -> Option<&[u8]> {
        let len = self.0.len();
        let index = (len > 0).then(|| random.below(len))?;
        Some(&self.0[index].1)
    }

    /// One that passed at least `age` ago.
    pub(crate) fn old(&self, age: Duration, random: &mut Random) -> Option<&[u8]> {
        let old = self.0.partition_point(|(when, _)| when.elapsed() >= age);
        let index = (old > 0).then(|| random.below(old))?;
        Some(&self.0[index].1)
    }
}

/// One relay.
pub(crate) struct Relay {
    /// Where the client finds the server.
    client_side: UdpSocket,
    /// Where the server finds the client.
    server_side: UdpSocket,
    client: Option<SocketAddr>,
    pub(crate) to_server: Record,
    pub(crate) to_client: Record,
}

impl Relay {
    pub(crate) fn open(port: u16, server: SocketAddrV4) -> Result<Self> {
        let client_side = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        let client_side = client_side.with_context(|| format!("cannot relay on port {port}"))?;
        let server_side = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        server_side.connect(server)?;
        client_side.set_nonblocking(true)?;
        server_side.set_nonblocking(true)?;
        Ok(Self {
            client_side,
            server_side,
            client: None,
            to_server: Record::default(),
            to_client: Record::default(),
        })
    }

    /// Passes on what has arrived; whether that was something.
    pub(crate) fn pass_on(&mut self) -> bool {
        let mut passed = false;
        let mut buffer = [0; LONGEST + 1];
        while let Some((len, from)) = arrived(|| self.client_side.recv_from(&mut buffer)) {
            self.client = Some(from);
            self.to_server.keep(&buffer[..len]);
            self.send_to_server(&buffer[..len]);
            passed = true;
        }
        while let Some(len) = arrived(|| self.server_side.recv(&mut buffer)) {
            self.to_client.keep(&buffer[..len]);
            self.send_to_client(&buffer[..len]);
            passed = true;
        }
        passed
    }

    /// Sends to the server from the address that it knows as the client's; whether the system took it.
    pub(crate) fn send_to_server(&self, data: &[u8]) -> bool {
        self.server_side.send(data).is_ok()
    }

    /// Sends to the client from the address that it knows as the server's; whether the system took it.
    pub(crate) fn send_to_client(&self, data: &[u8]) -> bool {
        let sent = self
            .client
            .map(|client| self.client_side.send_to(data, client));
        sent.is_some_and(|sent| sent.is_ok())
    }
}

/// What a receive call brought; what it tells of earlier datagrams that reached nobody is passed over.
fn arrived<T>(mut receive: impl FnMut() -> io::Result<T>) -> Option<T> {
    loop {
        match receive() {
            Ok(received) => return Some(received),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => return None,
        }
    }
}
