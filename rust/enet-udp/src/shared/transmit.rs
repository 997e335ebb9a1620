//! What leaves a host: batches of the engine's datagrams in order, and the address that they leave from.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use enet_proto::Time;

use super::{Attention, HostShared, NEVER};
use crate::port::{Port, Refused, SEND_BATCH};
use crate::socket::Socket;
use crate::sync::atomic::Ordering;

/// Batches that a turn sends. A game that queues faster than the system sends must not keep the thread to itself.
const TURN_BATCHES: usize = 8;

impl HostShared {
    /// Hands to the system, or to what carries it, all that is queued when this is called.
    pub(crate) fn transmit(self: &Arc<Self>) {
        self.transmit_all(&mut self.port.lock());
        if let Some(carrier) = self.carrier() {
            return carrier.send_queued();
        }
        if let Some(deadline) = self.deadline() {
            self.sleeper.wake_before(deadline);
        }
    }

    /// Sends one datagram that is none of the engine's.
    pub(crate) fn send_raw(&self, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        let mut port = self.port.lock();
        if port.carrier().is_some() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        port.bind_if_unbound(&self.sleeper, self.token)?;
        port.socket()
            .ok_or(io::ErrorKind::NotConnected)?
            .send(to, data)
            .map(drop)
    }

    /// Sends what waits for the network thread, as it would have left by now without it.
    pub(crate) fn transmit_gathered(self: &Arc<Self>) {
        if self.is_threaded() && self.attention() != Attention::None {
            self.transmit();
        }
    }

    fn has_somebody_to_send_to(&self) -> bool {
        self.engine.lock().as_ref().is_some_and(|engine| {
            let host = &engine.host;
            host.peers().any(|peer| host.address(peer).is_some())
        })
    }

    /// The socket's address. If an unbound one is about to get it with the datagrams that the network thread will send to
    /// its peers, it gets it now.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        let mut port = self.port.lock();
        if let Some(carrier) = port.carrier() {
            return carrier.local_address();
        }
        if self.is_threaded()
            && port.socket().is_some_and(|socket| !socket.is_bound())
            && self.is_started()
            && self.has_somebody_to_send_to()
            && let Err(error) = port.bind_if_unbound(&self.sleeper, self.token)
        {
            log::warn!("a host has no port to send from: {error}");
        }
        port.socket().and_then(Socket::local_address)
    }

    /// Sends all that is queued now, the engine's lock free in between. What others queue meanwhile may leave as well,
    /// but cannot keep the caller.
    pub(super) fn transmit_all(self: &Arc<Self>, port: &mut Port) {
        let mut mark = None;
        while self.transmit_batch(port).1 {
            let behind = self.with_engine(|engine| {
                let mark = *mark.get_or_insert_with(|| engine.host.mark());
                engine.host.is_behind(mark)
            });
            if behind != Some(true) {
                // The thread, if there is one, goes on with the rest.
                self.raise(Attention::Now);
                return;
            }
        }
    }

    /// Sends a bounded share, the engine's lock free in between; returns how many datagrams, and whether there may be
    /// more.
    pub(super) fn transmit_batches(self: &Arc<Self>, port: &mut Port) -> (usize, bool) {
        let mut sent = 0;
        for _ in 0..TURN_BATCHES {
            let (datagrams, more) = self.transmit_batch(port);
            sent += datagrams;
            if !more {
                return (sent, false);
            }
        }
        (sent, true)
    }

    /// Sends up to [`SEND_BATCH`] datagrams; returns how many, and whether there may be more. The port's lock, which the caller holds, keeps the
    /// datagrams of this host in order, whoever sends them.
    fn transmit_batch(self: &Arc<Self>, port: &mut Port) -> (usize, bool) {
        self.attention
            .store(Attention::None as u8, Ordering::SeqCst);
        let more = self.with_engine(|engine| {
            let more = engine.poll_transmit(self.now(), SEND_BATCH, port.outgoing());
            engine.publish(self);
            let deadline = engine.host.poll_timeout().map_or(NEVER, Time::as_micros);
            self.deadline.store(deadline, Ordering::SeqCst);
            more
        });
        let datagrams = port.outgoing().len();
        let refused = port.send(&self.sleeper, self.token);
        if refused != Refused::default() {
            self.with_engine(|engine| {
                engine.host.note_refused(refused.datagrams, refused.bytes);
                for &(to, len) in &refused.too_large {
                    engine.host.note_too_large(to, len);
                }
            });
        }
        (datagrams, more == Some(true))
    }
}
