//! Out: [`Host::poll_transmit`] builds one datagram after the other, [`Host::handle_timeout`] decides who is due.

use std::net::SocketAddr;

use super::Host;
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;
use crate::event::DisconnectCause;
use crate::peer::{Body, Liveness, PeerState};
use crate::time::Time;
use crate::wire::ProtocolHeader;

/// A datagram that [`Host::poll_transmit`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// Where it goes.
    pub to: SocketAddr,
}

impl Host {
    /// Runs the timers that are due: the bandwidth throttle, pings, and what timed out. The latter two take effect
    /// as the next [`Host::poll_transmit`] looks at their peers. Cheap when nothing is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.bandwidth_tick(now);
        self.timeouts_armed = true;
        while let Some(&(deadline, slot)) = self.agenda.timers.first() {
            if deadline > now {
                break;
            }
            self.agenda.timers.pop_first();
            if let Some(peer) = self.slots.at_mut(slot) {
                peer.timer = None;
                self.agenda.ready.insert(slot);
            }
        }
    }

    /// When [`Host::handle_timeout`] must be called at the latest; it may turn out that nothing was due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let timer = self.agenda.timers.first().map(|&(deadline, _)| deadline);
        let tick = (self.open_peers > 0).then_some(self.next_tick);
        timer.into_iter().chain(tick).min()
    }

    /// Replaces the contents of `buf` by the next datagram and says where it goes; `None` when there is nothing to send.
    ///
    /// Peers are served in order of their slots, one datagram each, until none has more.
    ///
    /// Source: `enet_protocol_send_outgoing_commands`, ENet 1.3.18 `protocol.c`.
    pub fn poll_transmit(&mut self, now: Time, buf: &mut Vec<u8>) -> Option<Transmit> {
        if let Some((to, datagram)) = self.farewells.pop_front() {
            *buf = datagram;
            return Some(self.sent(to, buf));
        }
        loop {
            let Some(slot) = self.agenda.ready.next(self.cursor) else {
                if self.cursor == 0 {
                    self.timeouts_armed = false;
                    return None;
                }
                self.cursor = 0;
                continue;
            };
            self.cursor = slot + 1;
            if let Some(to) = self.transmit_to(slot, now, buf) {
                return Some(self.sent(to, buf));
            }
        }
    }

    /// Writes the next datagram for one peer, if it has anything to say.
    fn transmit_to(&mut self, slot: u16, now: Time, buf: &mut Vec<u8>) -> Option<SocketAddr> {
        let millis = now.millis();
        let armed = self.timeouts_armed;
        let peer = self.slots.at_mut(slot)?;
        if peer.unlocated {
            self.agenda.ready.remove(slot);
            return None;
        }
        peer.more = false;
        let mut commands = std::mem::take(&mut self.scratch);
        commands.clear();
        let mut body = Body::new(&mut commands);
        let state = peer.state;
        peer.assemble_acknowledgements(&mut body);
        if armed && peer.expire(millis) == Liveness::Dead {
            self.scratch = commands;
            self.give_up(slot);
            return None;
        }
        peer.assemble(millis, &mut self.stamp, &mut body);
        let (empty, wants_sent_time) = (body.is_empty(), body.wants_sent_time);
        let done = peer.is_done();
        if !empty {
            peer.leaves(millis);
        }
        let header = ProtocolHeader {
            peer_id: peer.remote_id,
            session: peer.sessions.outgoing,
            compressed: false,
            sent_time: wants_sent_time.then(|| millis.sent_time()),
        };
        let (address, connect_id) = (peer.address, peer.connect_id);
        if !peer.more {
            self.agenda.ready.remove(slot);
            if let Some(deadline) = peer.deadline(now) {
                self.agenda.set_timer(peer, deadline);
            }
        }
        if state != PeerState::Zombie && peer.state == PeerState::Zombie {
            self.agenda.dispatch(peer);
        }
        if done {
            let data = peer.data;
            self.begin_disconnect(slot, data);
        }
        if !empty {
            self.seal(header, connect_id, &commands, buf);
        }
        self.scratch = commands;
        (!empty).then_some(address)
    }

    /// A peer that is silent for too long: the attempt or connection is over.
    fn give_up(&mut self, slot: u16) {
        self.agenda.ready.remove(slot);
        match self.slots.at(slot).map(|peer| peer.state) {
            None => {}
            Some(PeerState::AcknowledgingConnect) => self.remove(slot),
            Some(_) => self.finish(slot, 0, DisconnectCause::Timeout, true),
        }
    }

    /// Writes header, checksum and `body` to `out`, compressed if that helps.
    pub(super) fn seal(
        &mut self,
        header: ProtocolHeader,
        connect_id: [u8; 4],
        body: &[u8],
        out: &mut Vec<u8>,
    ) {
        let head_len = header.len() + self.checksum_len();
        out.clear();
        out.resize(head_len, 0);
        out.extend_from_slice(body);
        let packed_len = self.compressor.as_mut().and_then(|compressor| {
            let mut packed = std::mem::take(&mut self.packed);
            packed.resize(body.len(), 0);
            let len = compressor
                .compress(body, &mut packed)
                .filter(|&len| len < body.len());
            self.packed = packed;
            len
        });
        let header = ProtocolHeader {
            compressed: packed_len.is_some(),
            ..header
        };
        out[..header.len()].copy_from_slice(&header.encode()[..header.len()]);
        if let Some(checksum) = self.config.checksum {
            // The checksum covers the plain body, with the connect id in its own place.
            let seed = if header.peer_id < PROTOCOL_MAXIMUM_PEER_ID {
                connect_id
            } else {
                [0; 4]
            };
            out[header.len()..head_len].copy_from_slice(&seed);
            let sum = checksum(out).to_be_bytes();
            out[header.len()..head_len].copy_from_slice(&sum);
        }
        if let Some(len) = packed_len {
            out.truncate(head_len);
            out.extend_from_slice(&self.packed[..len]);
        }
    }

    const fn sent(&mut self, to: SocketAddr, datagram: &[u8]) -> Transmit {
        self.statistics.bytes_sent = self
            .statistics
            .bytes_sent
            .wrapping_add(datagram.len() as u64);
        self.statistics.datagrams_sent = self.statistics.datagrams_sent.wrapping_add(1);
        Transmit { to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostConfig;

    #[test]
    fn what_timed_out_is_resent_after_handle_timeout_and_not_by_a_mere_flush() {
        let mut host = Host::new(HostConfig::new(1, [0; 32]));
        let server = SocketAddr::from(([127, 0, 0, 1], 7000));
        let peer = host.connect(server, 1, 0).expect("a slot is free");
        let mut buf = Vec::new();
        let start = Time::from_millis(5000);
        assert!(host.poll_transmit(start, &mut buf).is_some(), "CONNECT");
        assert_eq!(host.poll_transmit(start, &mut buf), None);
        let first_timeout = Time::from_millis(5500);
        host.set_ping_interval(peer, 500); // makes the peer worth a look
        assert_eq!(host.poll_transmit(first_timeout, &mut buf), None);
        host.handle_timeout(first_timeout);
        assert!(
            host.poll_transmit(first_timeout, &mut buf).is_some(),
            "CONNECT again"
        );
        assert_eq!(host.poll_transmit(first_timeout, &mut buf), None);
    }
}
