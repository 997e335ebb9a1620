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
/// ENet ends a connection when six or more sendings of one command, or what answers them, were all lost: 3 of 100 are
/// lost by chance, and an outage of 0.3 s takes up to three in a row along. Longer bursts or outages would end
/// connections that nobody wants to end, and that must not be in a soak.
fn bad_line() -> LinkConfig {
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket as StdSocket};

    use super::*;

    const DATAGRAMS: u64 = 2000;
    /// Between two datagrams, in microseconds.
    const APART: u64 = 50_000;

    fn open() -> (StdSocket, UdpSocket) {
        let receiver = StdSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let sender = StdSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        sender.set_nonblocking(true).unwrap();
        (receiver, UdpSocket::from_std(sender))
    }

    /// Sends datagrams from both sides, from `start` on; answers how many of them each side got.
    fn exchange(
        flow: &mut Flow,
        listener: &UdpSocket,
        ends: [&StdSocket; 2],
        start: u64,
    ) -> [u64; 2] {
        let mut buffer = [0; 8];
        let mut got = [0; 2];
        for number in 0..DATAGRAMS {
            let now = start + number * APART;
            flow.take_from_client(now, b"up");
            flow.take_from_server(now, b"down");
            assert_eq!(flow.deliver(now + APART - 1, listener), 0);
            for (got, end) in got.iter_mut().zip(ends) {
                end.set_nonblocking(true).unwrap();
                while end.recv(&mut buffer).is_ok() {
                    *got += 1;
                }
            }
        }
        got
    }

    #[test]
    fn most_gets_through_some_is_lost_and_once_cut_nothing_comes() {
        let (server, socket) = open();
        let (client, listener) = open();
        let address = |socket: &StdSocket| socket.local_addr().unwrap();
        socket.connect(address(&server)).unwrap();
        let mut flow = Flow::new(address(&client), address(&server), socket, 7, 0);

        let got = exchange(&mut flow, &listener, [&server, &client], 0);
        for got in got {
            assert!((DATAGRAMS * 9 / 10..DATAGRAMS).contains(&got), "{got}");
        }
        let before = flow.statistics();
        assert!(before.lost > 0 && before.duplicated > 0 && before.reordered > 0);
        assert!(flow.outages() > 0);

        // What is under way at the end arrives.
        let end = 2 * DATAGRAMS * APART;
        flow.deliver(end, &listener);
        for socket in [&server, &client] {
            while socket.recv(&mut [0; 8]).is_ok() {}
        }
        flow.cut();
        assert_eq!(
            exchange(&mut flow, &listener, [&server, &client], end),
            [0, 0]
        );
        assert_eq!(flow.statistics().lost, before.lost + 2 * DATAGRAMS);
        let last = end + (DATAGRAMS - 1) * APART;
        assert!(!flow.is_over(last + OVER_AFTER - 1) && flow.is_over(last + OVER_AFTER));
    }
}
