//! [`Port`]: a host's socket with the datagrams on their way to and from it; what its lock protects.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use enet_proto::Datagrams;
use mio::Token;

use crate::batch::Batch;
use crate::carrier::Carrier;
use crate::fault::{Failures, Fault, retried};
use crate::offload::Arrival;
use crate::sleeper::Sleeper;
use crate::socket::{RECEIVE_LEN, Socket};

/// Datagrams built under one hold of the engine's lock.
pub(crate) const SEND_BATCH: usize = 64;
/// Receive calls that may fail in one round: whoever makes them fail must not keep the others waiting.
const FAILED_AT_ONCE: u32 = 256;

/// What a round of receiving came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reception {
    /// There is nothing left in the socket.
    Drained,
    /// There may be more.
    More,
    /// The socket does not work any more.
    Dead,
}

/// A host's side of the socket.
pub(crate) struct Port {
    /// `None` once the host is closed or something else carries its datagrams.
    socket: Option<Socket>,
    /// What does so in the socket's place.
    carrier: Option<Arc<Carrier>>,
    /// What waits to be sent.
    outgoing: Datagrams,
    failures: Failures,
    /// A remote of which the system said that nobody serves its port.
    unreachable: Option<SocketAddr>,
}

/// Datagrams that the system did not take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Refused {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    /// Where those were to go, and their bytes, that are too large to leave in one piece.
    pub(crate) too_large: Vec<(SocketAddr, usize)>,
}

impl Refused {
    fn add(&mut self, to: SocketAddr, datagrams: usize, bytes: usize, error: &io::Error) {
        log::trace!("{bytes} bytes to {to} are lost: {error}");
        self.datagrams += datagrams as u64;
        self.bytes += bytes as u64;
        if datagrams == 1 && Fault::of(error) == Fault::TooLarge {
            self.too_large.push((to, bytes));
        }
    }
}

impl Port {
    pub(crate) fn new(socket: Socket) -> Self {
        Self {
            socket: Some(socket),
            carrier: None,
            outgoing: Datagrams::default(),
            failures: Failures::default(),
            unreachable: None,
        }
    }

    pub(crate) const fn socket(&self) -> Option<&Socket> {
        self.socket.as_ref()
    }

    pub(crate) const fn carrier(&self) -> Option<&Arc<Carrier>> {
        self.carrier.as_ref()
    }

    /// Takes the socket out, which is closed when the caller drops it.
    pub(crate) fn take_socket(&mut self, sleeper: &Sleeper) -> Option<Socket> {
        let mut socket = self.socket.take()?;
        sleeper.deregister(&mut socket.io);
        Some(socket)
    }

    /// Lets `carrier` have the datagrams from now on.
    pub(crate) fn carry(&mut self, carrier: Arc<Carrier>) {
        self.carrier = Some(carrier);
    }

    /// Lets `sleeper` hear of the socket, if it has a port already.
    pub(crate) fn register(&mut self, sleeper: &Sleeper, token: Token) -> io::Result<()> {
        match &mut self.socket {
            Some(socket) if socket.is_bound() => sleeper.register(&mut socket.io, token),
            _ => Ok(()),
        }
    }

    /// Gives an unbound socket a port and lets `sleeper` hear of it.
    pub(crate) fn bind_if_unbound(&mut self, sleeper: &Sleeper, token: Token) -> io::Result<()> {
        if let Some(socket) = &mut self.socket
            && socket.bind_if_unbound()?
        {
            sleeper.register(&mut socket.io, token)?;
        }
        Ok(())
    }

    /// Where what is to be sent by [`Self::send`] is appended.
    pub(crate) const fn outgoing(&mut self) -> &mut Datagrams {
        &mut self.outgoing
    }

    /// Hands what waits to the system, or queues it for what carries it. A datagram the system does not take is lost, as
    /// any may be on the way; returns how many these were.
    pub(crate) fn send(&mut self, sleeper: &Sleeper, token: Token) -> Refused {
        let mut refused = Refused::default();
        if self.outgoing.is_empty() {
            return refused;
        }
        if let Some(carrier) = &self.carrier {
            for (to, data) in self.outgoing.iter() {
                carrier.queue(to, data);
            }
        } else if let Err(error) = self.bind_if_unbound(sleeper, token) {
            log::warn!("a host has no port to send from: {error}");
            for (to, data) in self.outgoing.iter() {
                refused.add(to, 1, data.len(), &error);
            }
        } else if let Some(socket) = &mut self.socket {
            let unreachable = &mut self.unreachable;
            for run in self.outgoing.runs(socket.run_limits()) {
                socket.tie_to(run.to);
                let tied_to = socket.remote();
                if run.datagrams().len() > 1 {
                    match retried(unreachable, tied_to, || socket.send_run(&run)) {
                        Ok(()) => continue,
                        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
                        Err(error) => {
                            refused.add(run.to, run.datagrams().len(), run.bytes.len(), &error);
                            continue;
                        }
                    }
                }
                for data in run.datagrams() {
                    let sent = retried(unreachable, tied_to, || match run.is_probe {
                        true => socket.send_whole(run.to, data),
                        false => socket.send(run.to, data),
                    });
                    if let Err(error) = sent {
                        refused.add(run.to, 1, data.len(), &error);
                    }
                }
            }
        } else {
            // The socket is closed and nothing has taken its place yet.
            let error = io::ErrorKind::NotConnected.into();
            for (to, data) in self.outgoing.iter() {
                refused.add(to, 1, data.len(), &error);
            }
        }
        self.outgoing.clear();
        refused
    }

    /// Reads datagrams, as many as `batch` wants and has room for.
    pub(crate) fn receive(&mut self, batch: &mut Batch) -> Reception {
        if let Some(carrier) = &self.carrier {
            return receive_carried(carrier, batch);
        }
        let Some(socket) = self.socket.as_mut().filter(|socket| socket.is_bound()) else {
            return Reception::Drained;
        };
        let mut failed = 0;
        while let Some(room) = batch.room(socket.receive_len()) {
            match socket.receive(room) {
                Ok(arrival) => {
                    self.failures = Failures::default();
                    batch.push(arrival);
                }
                Err(error) => {
                    let fault = Fault::of(&error);
                    if fault == Fault::NotReady {
                        self.failures = Failures::default();
                        return Reception::Drained;
                    }
                    if fault == Fault::NobodyThere {
                        self.unreachable = socket.remote().or(self.unreachable);
                    }
                    failed += 1;
                    if failed == FAILED_AT_ONCE {
                        break;
                    }
                    log::trace!("a receive failed: {error}");
                    if self.failures.are_too_many_with(fault) {
                        log::error!("the socket of a host is dead: {error}");
                        return Reception::Dead;
                    }
                }
            }
        }
        Reception::More
    }

    /// A remote of which the system said since the last call that nobody serves its port.
    pub(crate) const fn take_unreachable(&mut self) -> Option<SocketAddr> {
        self.unreachable.take()
    }

    /// Closes the socket and gives the buffers back. What took its place is left for the caller to close without locks.
    pub(crate) fn close(&mut self, sleeper: &Sleeper) -> Option<Arc<Carrier>> {
        self.take_socket(sleeper);
        self.outgoing = Datagrams::default();
        self.carrier.take()
    }
}

/// Moves what `carrier` has received into `batch` as far as it has room.
fn receive_carried(carrier: &Carrier, batch: &mut Batch) -> Reception {
    while let Some(room) = batch.room(RECEIVE_LEN) {
        match carrier.next_received() {
            Some((from, data)) => {
                room[..data.len()].copy_from_slice(&data);
                batch.push(Arrival {
                    from,
                    len: data.len(),
                    segment_len: data.len(),
                });
            }
            None if carrier.is_broken() => return Reception::Dead,
            None => return Reception::Drained,
        }
    }
    Reception::More
}

#[cfg(all(
    test,
    not(feature = "models"),
    any(target_os = "linux", target_os = "android")
))]
mod tests {
    use super::*;
    use crate::config::Bind;
    use enet_proto::{Host, HostConfig, Time};
    use std::net::Ipv4Addr;

    fn loopback() -> Socket {
        Socket::open(Bind::Address((Ipv4Addr::LOCALHOST, 0).into())).unwrap()
    }

    /// A port with `count` datagrams of one size on their way to `to`.
    fn port_with_run(count: usize, to: SocketAddr) -> Port {
        let mut host = Host::new(HostConfig::new(1, [0; 32]).mtu(576));
        let peer = host.connect(to, 1, 0).unwrap();
        // More than fit: 32 of them make a datagram.
        (0..=32 * count).for_each(|_| host.throttle_configure(peer, 1, 2, 3));
        let mut port = Port::new(loopback());
        // The first has the CONNECT in it and another size.
        host.poll_transmit_batch(Time::from_millis(1), 1, port.outgoing());
        port.outgoing().clear();
        host.poll_transmit_batch(Time::from_millis(1), count, port.outgoing());
        assert_eq!(port.outgoing().len(), count);
        port
    }

    fn sent(port: &mut Port) -> Vec<Vec<u8>> {
        let datagrams = port
            .outgoing()
            .iter()
            .map(|(_, data)| data.to_vec())
            .collect();
        let (sleeper, _poll) = Sleeper::new().unwrap();
        assert_eq!(port.send(&sleeper, Token(0)), Refused::default());
        datagrams
    }

    /// What lies in the receiver's socket.
    fn received(receiver: &mut Port) -> Vec<Vec<u8>> {
        let (mut batch, mut all) = (Batch::new(1), Vec::new());
        loop {
            batch.clear();
            let reception = receiver.receive(&mut batch);
            if batch.len() == 0 {
                assert_eq!(reception, Reception::Drained);
                return all;
            }
            while let Some((_, data)) = batch.next() {
                all.push(data.to_vec());
            }
        }
    }

    #[test]
    fn a_run_leaves_and_arrives_as_its_datagrams() {
        let mut receiver = Port::new(loopback());
        let to = receiver.socket().unwrap().local_address().unwrap();
        let mut port = port_with_run(20, to);
        assert_eq!(sent(&mut port), received(&mut receiver));
    }

    #[test]
    fn what_the_system_does_not_take_at_once_goes_one_by_one() {
        let mut receiver = Port::new(loopback());
        let to = receiver.socket().unwrap().local_address().unwrap();
        let mut port = port_with_run(150, to);
        let socket = port.socket.as_mut().unwrap();
        // More than the 64 KiB of an IP packet, which it refuses.
        socket.lift_run_limits();
        assert_eq!(port.outgoing.runs(socket.run_limits()).count(), 1);
        assert_eq!(sent(&mut port), received(&mut receiver));
    }

    /// Datagrams of one size, 32 pings each, from a connected client to the server at `to`.
    fn queue_pings(port: &mut Port, count: usize, to: SocketAddr) {
        let (now, own) = (Time::from_millis(1), (Ipv4Addr::LOCALHOST, 9).into());
        let mut client = Host::new(HostConfig::new(1, [1; 32]));
        let mut server = Host::new(HostConfig::new(1, [2; 32]));
        let peer = client.connect(to, 1, 0).unwrap();
        let mut data = Vec::new();
        for _ in 0..4 {
            while client.poll_transmit(now, &mut data).is_some() {
                server.handle_datagram(now, own, &data);
            }
            while server.poll_transmit(now, &mut data).is_some() {
                client.handle_datagram(now, to, &data);
            }
        }
        (0..32 * count).for_each(|_| client.ping(peer));
        client.poll_transmit_batch(now, count, port.outgoing());
        assert_eq!(port.outgoing().len(), count);
    }

    #[test]
    fn a_run_that_the_system_refuses_does_not_end_runs_for_good_once_one_has_left() {
        let mut receiver = Port::new(loopback());
        let to = receiver.socket().unwrap().local_address().unwrap();
        // More than the 128 segments of a call, which it refuses as it does a path that is too narrow.
        for (counts, limit) in [(&[150][..], 1), (&[20, 150], usize::MAX)] {
            let mut port = Port::new(loopback());
            port.socket.as_mut().unwrap().lift_run_limits();
            for &count in counts {
                queue_pings(&mut port, count, to);
                assert_eq!(sent(&mut port), received(&mut receiver));
            }
            assert_eq!(port.socket.as_ref().unwrap().run_limits().datagrams, limit);
        }
    }

    #[test]
    fn what_finds_no_socket_counts_as_refused() {
        let mut port = port_with_run(3, (Ipv4Addr::LOCALHOST, 9).into());
        let bytes = port
            .outgoing()
            .iter()
            .map(|(_, data)| data.len() as u64)
            .sum();
        let (sleeper, _poll) = Sleeper::new().unwrap();
        drop(port.take_socket(&sleeper));
        let lost = Refused {
            datagrams: 3,
            bytes,
            ..Refused::default()
        };
        assert_eq!(port.send(&sleeper, Token(0)), lost);
    }
}
