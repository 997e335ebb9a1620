//! [`Port`]: a host's socket with the datagrams on their way to and from it; what its lock protects.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use enet_proto::Transmit;
use mio::Token;

use crate::sleeper::Sleeper;
use crate::socket::{RECEIVE_LEN, Socket};

/// Datagrams built under one hold of the engine's lock, where nobody waits for all of them.
pub(crate) const SEND_BATCH: usize = 32;
/// Receive calls that fail in a row before the socket is held to be dead. An error that a remote caused is reported
/// once; one that stays is our own.
const DEAD_AFTER: u32 = 64;

/// The address of a buffer that holds nothing.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

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
    /// `None` once the host is closed.
    socket: Option<Socket>,
    /// The first `filled` wait to be sent; the others keep their buffers for the next time.
    outgoing: Vec<(SocketAddr, Vec<u8>)>,
    filled: usize,
    failures: u32,
}

impl Port {
    pub(crate) const fn new(socket: Socket) -> Self {
        Self {
            socket: Some(socket),
            outgoing: Vec::new(),
            filled: 0,
            failures: 0,
        }
    }

    pub(crate) const fn socket(&self) -> Option<&Socket> {
        self.socket.as_ref()
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

    /// Lets `next` write datagrams until it has none (`false`) or there are `limit` (`true`).
    pub(crate) fn fill(
        &mut self,
        limit: usize,
        mut next: impl FnMut(&mut Vec<u8>) -> Option<Transmit>,
    ) -> bool {
        while self.filled < limit {
            if self.filled == self.outgoing.len() {
                self.outgoing.push((NOWHERE, Vec::new()));
            }
            let (to, buffer) = &mut self.outgoing[self.filled];
            match next(buffer) {
                Some(transmit) => *to = transmit.to,
                None => return false,
            }
            self.filled += 1;
        }
        true
    }

    /// Hands what was filled to the system. A datagram it does not take is lost, as any may be on the way.
    ///
    /// # Errors
    /// The socket was unbound and there is no port for it; the datagrams are lost.
    pub(crate) fn send(&mut self, sleeper: &Sleeper, token: Token) -> io::Result<()> {
        let filled = std::mem::take(&mut self.filled);
        if filled == 0 {
            return Ok(());
        }
        self.bind_if_unbound(sleeper, token)?;
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        for (to, data) in &self.outgoing[..filled] {
            if let Err(error) = socket.send(*to, data) {
                log::trace!("{} bytes to {to} are lost: {error}", data.len());
            }
        }
        self.outgoing.truncate(SEND_BATCH);
        Ok(())
    }

    /// Reads as many datagrams as `batch` has room for; empty and oversized ones are skipped.
    pub(crate) fn receive(&mut self, batch: &mut Batch) -> Reception {
        let Some(socket) = self.socket.as_ref().filter(|socket| socket.is_bound()) else {
            return Reception::Drained;
        };
        for _ in 0..batch.room() {
            match socket.receive(batch.free()) {
                Ok((len, from)) => {
                    self.failures = 0;
                    if (1..RECEIVE_LEN).contains(&len) {
                        batch.push(len, from);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.failures = 0;
                    return Reception::Drained;
                }
                Err(error) => {
                    log::trace!("a receive failed: {error}");
                    self.failures += 1;
                    if self.failures >= DEAD_AFTER {
                        log::error!("the socket of a host is dead: {error}");
                        return Reception::Dead;
                    }
                }
            }
        }
        Reception::More
    }

    /// Closes the socket and gives the buffers back.
    pub(crate) fn close(&mut self, sleeper: &Sleeper) {
        if let Some(mut socket) = self.socket.take() {
            sleeper.deregister(&mut socket.io);
        }
        self.outgoing = Vec::new();
        self.filled = 0;
    }
}

/// Datagrams received and not yet handled.
pub(crate) struct Batch {
    buffer: Box<[u8]>,
    datagrams: Vec<(SocketAddr, usize)>,
}

impl Batch {
    /// Room for `capacity` datagrams.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            buffer: vec![0; capacity * RECEIVE_LEN].into_boxed_slice(),
            datagrams: Vec::with_capacity(capacity),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.datagrams.clear();
    }

    /// The datagrams, in the order in which they were received.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let rooms = self.buffer.chunks_exact(RECEIVE_LEN);
        self.datagrams
            .iter()
            .zip(rooms)
            .map(|((from, len), room)| (*from, &room[..*len]))
    }

    fn room(&self) -> usize {
        self.buffer.len() / RECEIVE_LEN - self.datagrams.len()
    }

    /// Where the next datagram goes; there is room.
    fn free(&mut self) -> &mut [u8] {
        let start = self.datagrams.len() * RECEIVE_LEN;
        &mut self.buffer[start..start + RECEIVE_LEN]
    }

    fn push(&mut self, len: usize, from: SocketAddr) {
        self.datagrams.push((from, len));
    }
}
