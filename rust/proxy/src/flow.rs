//! [`Flow`]: what passes between one client and the server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use enet_netsim::{BurstLoss, LinkConfig, LinkStatistics, Network};
use mio::net::UdpSocket;

use crate::outages::Outages;

/// A flow in which neither side sends for this long is over, in microseconds: peers ping each other twice a second, and
/// give up after half a minute.
const OVER_AFTER: u64 = 60_000_000;

/// How each direction behaves beside outages: a bad mobile line.
///
/// A command of ENet is given up when all of its six or more sendings are lost: with these, and an outage of 0.3 s, less
/// than once in 10^7 times. Longer bursts would end connections that nobody wants to end.
pub(crate) fn bad_line() -> LinkConfig {
    LinkConfig::default()
        .delay(Duration::from_millis(30))
        .jitter(Duration::from_millis(12))
        .loss(0.01)
        .burst_loss(Some(BurstLoss::from_means(0.005, 2.0)))
        .duplication(0.01)
        .reordering(0.02, Duration::from_millis(20))
}

/// A client, the socket where the server finds it, and the line between.
pub(crate) struct Flow {
    client: SocketAddr,
    server: SocketAddr,
    /// Connected to the server.
    pub(crate) socket: UdpSocket,
    network: Network,
    outages: Outages,
    is_cut: bool,
    heard: u64,
}

impl Flow {
    /// - `socket`: connected to `server`.
    /// - `now`: in microseconds, as in every call.
    pub(crate) fn new(
        client: SocketAddr,
        server: SocketAddr,
        socket: UdpSocket,
        seed: u64,
        now: u64,
    ) -> Self {
        Self {
            client,
            server,
            socket,
            network: Network::new(seed, bad_line()),
            outages: Outages::new(seed, now),
            is_cut: false,
            heard: now,
        }
    }

    /// By which the client can name itself.
    pub(crate) const fn client_port(&self) -> u16 {
        self.client.port()
    }

    /// From now on nothing gets through; what is under way still arrives.
    pub(crate) const fn cut(&mut self) {
        self.is_cut = true;
    }

    pub(crate) const fn is_over(&self, now: u64) -> bool {
        now >= self.heard + OVER_AFTER
    }

    /// Takes in what the client sent.
    pub(crate) fn take_from_client(&mut self, now: u64, data: &[u8]) {
        self.take(now, self.client, self.server, data);
    }

    /// Takes in what the server sent.
    pub(crate) fn take_from_server(&mut self, now: u64, data: &[u8]) {
        self.take(now, self.server, self.client, data);
    }

    /// When [`deliver`](Self::deliver) has something to do; `None` if nothing is under way.
    pub(crate) fn next_arrival(&self) -> Option<u64> {
        self.network.next_arrival()
    }

    /// Hands on what arrives by `now`, to the client from `listener`. Answers how many the system refused.
    pub(crate) fn deliver(&mut self, now: u64, listener: &UdpSocket) -> u64 {
        let mut refused = 0;
        while let Some(datagram) = self.network.receive(now) {
            let sent = if datagram.to == self.server {
                self.socket.send(&datagram.data)
            } else {
                listener.send_to(&datagram.data, datagram.to)
            };
            refused += u64::from(sent.is_err_and(|error| !is_absence(&error)));
        }
        refused
    }

    /// What happened to the datagrams of both directions.
    pub(crate) fn statistics(&self) -> LinkStatistics {
        self.network.statistics()
    }

    /// Outages that are over.
    pub(crate) const fn outages(&self) -> u64 {
        self.outages.count()
    }

    fn take(&mut self, now: u64, from: SocketAddr, to: SocketAddr, data: &[u8]) {
        self.heard = now;
        let is_down = self.is_cut || self.outages.covers(now);
        self.network.link(from, to).set_down(is_down);
        self.network.send(now, from, to, data);
    }
}

/// Whether the system tells by `error` that nobody is there, as it may be on a network.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}
