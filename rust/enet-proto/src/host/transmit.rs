//! Out: [`Host::poll_transmit`] builds one datagram after the other, [`Host::poll_transmit_batch`] many at once, and
//! [`Host::handle_timeout`] decides who is due.

use std::net::SocketAddr;

use super::{Datagrams, Host};
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;
use crate::event::DisconnectCause;
use crate::peer::{Body, Liveness, PeerState};
use crate::time::Time;
use crate::wire::ProtocolHeader;

/// Datagrams in a row that a peer gets in a batch before the next peer has its turn. A system call for several
/// datagrams takes 64 KiB at most, which is 47 of the default MTU.
const RUN_LEN: usize = 48;

/// A datagram that [`Host::poll_transmit`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// Where it goes.
    pub to: SocketAddr,
    /// Whether it asks if the path carries its size: to be sent with don't-fragment set, where the system can. All
    /// others may be fragmented on their way. Where the system refuses its size, [`Host::note_too_large`] is to know.
    pub is_probe: bool,
}

/// A moment in the order of the calls that queue something; see [`Host::mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u32);

impl Host {
    /// Runs the timers that are due: the bandwidth throttle, pings, and what timed out. The latter two take effect
    /// as the next [`Host::poll_transmit`] looks at their peers. Cheap when nothing is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.bandwidth_tick(now);
        self.sweep_attempts(now);
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
        timer
            .into_iter()
            .chain(tick)
            .chain(self.half_open.next_sweep())
            .chain(self.waiting.next_expiry())
            .min()
    }

    /// Replaces the contents of `buf` by the next datagram and says where it goes; `None` when there is nothing to send.
    ///
    /// Peers are served in order of their slots, one datagram each, until none has more.
    ///
    /// Source: `enet_protocol_send_outgoing_commands`, ENet 1.3.18 `protocol.c`.
    pub fn poll_transmit(&mut self, now: Time, buf: &mut Vec<u8>) -> Option<Transmit> {
        buf.clear();
        if let Some((to, datagram)) = self.farewells.pop_front() {
            *buf = datagram;
            self.sent(buf.len());
            return Some(Transmit {
                to,
                is_probe: false,
            });
        }
        while let Some(slot) = self.next_ready() {
            if let Some(transmit) = self.transmit_to(slot, now, buf) {
                self.sent(buf.len());
                return Some(transmit);
            }
        }
        None
    }

    /// Appends the next datagrams to `out` until it holds `limit`; `false` if there was nothing more to send.
    ///
    /// Unlike [`Host::poll_transmit`], which it can be mixed with, it serves each peer with several datagrams in a row,
    /// so that [`Datagrams::runs`] finds runs.
    pub fn poll_transmit_batch(&mut self, now: Time, limit: usize, out: &mut Datagrams) -> bool {
        while out.len() < limit {
            if let Some((to, datagram)) = self.farewells.pop_front() {
                out.buffer().extend_from_slice(&datagram);
                let len = out.push(Transmit {
                    to,
                    is_probe: false,
                });
                self.sent(len);
                continue;
            }
            let Some(slot) = self.next_ready() else {
                return false;
            };
            for _ in 0..RUN_LEN.min(limit - out.len()) {
                let Some(transmit) = self.transmit_to(slot, now, out.buffer()) else {
                    break;
                };
                self.sent(out.push(transmit));
                if self.agenda.ready.next(slot) != Some(slot) {
                    break;
                }
            }
        }
        true
    }

    /// Names this moment for [`Host::is_behind`].
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark(self.stamp)
    }

    /// Whether [`Host::poll_transmit`] still has to look at a peer for what was queued before `mark`; what may not
    /// leave yet does not count. Costs a look at each peer with work.
    #[must_use]
    pub fn is_behind(&self, mark: Mark) -> bool {
        let ready = &self.agenda.ready;
        !self.farewells.is_empty()
            || std::iter::successors(ready.next(0), |&slot| ready.next(slot + 1))
                .filter_map(|slot| self.slots.at(slot))
                .any(|peer| peer.owes_since(mark.0))
    }

    /// Tells that the system refused `datagrams` of those handed out, with `bytes` bytes in all: they are lost, as any
    /// datagram may be, but do not count as sent.
    pub const fn note_refused(&mut self, datagrams: u64, bytes: u64) {
        let statistics = &mut self.statistics;
        statistics.bytes_sent = statistics.bytes_sent.wrapping_sub(bytes);
        statistics.datagrams_sent = statistics.datagrams_sent.wrapping_sub(datagrams);
        statistics.datagrams_refused = statistics.datagrams_refused.wrapping_add(datagrams);
    }

    /// Tells that the system does not send whole datagrams of `len` bytes to `to`: a [probe](Transmit::is_probe) has its
    /// answer.
    pub fn note_too_large(&mut self, to: SocketAddr, len: usize) {
        let size = u32::try_from(len - self.checksum_len().min(len)).unwrap_or(u32::MAX);
        for peer in self.slots.iter_mut().filter(|peer| peer.address == to) {
            peer.probe_refused(size);
        }
    }

    /// The peer whose turn it is; `None` once all have been asked.
    fn next_ready(&mut self) -> Option<u16> {
        let slot = match self.agenda.ready.next(self.cursor) {
            Some(slot) => Some(slot),
            None if self.cursor > 0 => self.agenda.ready.next(0),
            None => None,
        };
        self.timeouts_armed &= slot.is_some();
        self.cursor = slot.map_or(0, |slot| slot + 1);
        slot
    }

    /// Appends the next datagram for one peer, if it has anything to say.
    fn transmit_to(&mut self, slot: u16, now: Time, buf: &mut Vec<u8>) -> Option<Transmit> {
        let millis = now.millis();
        let open_peers = u32::try_from(self.open_peers.max(1)).expect("at most 4095 peers");
        let share = self.config.outgoing_bandwidth.div_ceil(open_peers);
        let armed = self.timeouts_armed;
        let head_room = self.head_room();
        let peer = self.slots.at_mut(slot)?;
        let attempt_end = peer.attempt_end(now);
        let is_late = armed && attempt_end.is_some_and(|end| end <= now);
        if peer.unlocated || peer.state == PeerState::Zombie {
            self.agenda.ready.remove(slot);
            if is_late {
                self.give_up(slot);
            } else if let Some(end) = attempt_end {
                self.agenda.set_timer(peer, end);
            }
            return None;
        }
        peer.more = false;
        let start = buf.len();
        buf.resize(start + head_room, 0);
        let mut body = Body::new(buf);
        let state = peer.state;
        peer.assemble_acknowledgements(&mut body);
        if armed && peer.expire(now) == Liveness::Dead || is_late {
            buf.truncate(start);
            self.give_up(slot);
            return None;
        }
        peer.assemble(now, &mut self.stamp, &mut body);
        let (empty, wants_sent_time, size) = (body.is_empty(), body.wants_sent_time, body.size());
        let (is_probe, number) = (body.is_probe, body.number());
        let done = peer.is_done();
        if !empty {
            peer.leaves(now, size, number, share);
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
            let deadlines = peer.deadline(now).into_iter().chain(attempt_end);
            if let Some(deadline) = deadlines.min() {
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
        if empty {
            buf.truncate(start);
            return None;
        }
        // Compressed, a probe would be small.
        self.seal_in_place(header, connect_id, !is_probe, buf, start);
        if let Some(peer) = self.slots.at_mut(slot) {
            peer.traffic.sent(buf.len() - start);
        }
        Some(Transmit {
            to: address,
            is_probe,
        })
    }

    /// Takes in that the system reported, by ICMP, that nobody serves `address`: attempts to connect there end with
    /// [`DisconnectCause::Unreachable`].
    ///
    /// Connections that are open are not touched: such a report may be forged or pass by, and they have their timeouts.
    pub fn handle_unreachable(&mut self, address: SocketAddr) {
        let attempts: Vec<u16> = self
            .slots
            .iter()
            .filter(|peer| peer.state == PeerState::Connecting && peer.address == address)
            .map(|peer| peer.id.slot)
            .collect();
        for slot in attempts {
            self.agenda.ready.remove(slot);
            self.finish(slot, 0, DisconnectCause::Unreachable, true);
        }
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

    /// A datagram of its own, with the body that `write` appends; compressed if that helps.
    pub(super) fn datagram(
        &mut self,
        header: ProtocolHeader,
        connect_id: [u8; 4],
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        let mut out = vec![0; self.head_room()];
        write(&mut out);
        self.seal_in_place(header, connect_id, true, &mut out, 0);
        out
    }

    /// Bytes that [`Self::seal_in_place`] wants in front of a body.
    const fn head_room(&self) -> usize {
        ProtocolHeader::MAXIMUM_LEN + self.checksum_len()
    }

    /// Makes the body that begins [`Self::head_room`] behind `start` in `out` a datagram that begins at `start`:
    /// with header and checksum, and compressed if it may be and that helps.
    fn seal_in_place(
        &mut self,
        header: ProtocolHeader,
        connect_id: [u8; 4],
        may_shrink: bool,
        out: &mut Vec<u8>,
        start: usize,
    ) {
        let body_start = start + self.head_room();
        let body_len = out.len() - body_start;
        let compressor = self.compressor.as_mut().filter(|_| may_shrink);
        let packed_len = compressor.and_then(|compressor| {
            self.packed.resize(body_len, 0);
            compressor
                .compress(&out[body_start..], &mut self.packed)
                .filter(|&len| len < body_len)
        });
        let header = ProtocolHeader {
            compressed: packed_len.is_some(),
            ..header
        };
        let head_len = header.len() + self.checksum_len();
        if start + head_len < body_start {
            out.copy_within(body_start.., start + head_len);
            out.truncate(start + head_len + body_len);
        }
        out[start..start + header.len()].copy_from_slice(&header.encode()[..header.len()]);
        if let Some(checksum) = self.config.checksum {
            // The checksum covers the plain body, with the connect id in its own place.
            let seed = if header.peer_id < PROTOCOL_MAXIMUM_PEER_ID {
                connect_id
            } else {
                [0; 4]
            };
            let field = start + header.len()..start + head_len;
            out[field.clone()].copy_from_slice(&seed);
            let sum = checksum(&out[start..]).to_be_bytes();
            out[field].copy_from_slice(&sum);
        }
        if let Some(len) = packed_len {
            out.truncate(start + head_len);
            out.extend_from_slice(&self.packed[..len]);
        }
    }

    const fn sent(&mut self, len: usize) {
        self.statistics.bytes_sent = self.statistics.bytes_sent.wrapping_add(len as u64);
        self.statistics.datagrams_sent = self.statistics.datagrams_sent.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostConfig;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// A host that has asked `peers` remotes for a connection, each by several datagrams.
    fn busy_host(peers: u16) -> Host {
        let mut host = Host::new(HostConfig::new(8, [0; 32]).mtu(576));
        for port in 0..peers {
            let peer = host.connect(address(port), 1, 0).expect("a slot is free");
            // Together with the CONNECT more than fits a datagram or its limit of commands.
            (0..80).for_each(|_| host.throttle_configure(peer, 1, 2, 3));
        }
        host
    }

    /// All that `host` sends, by where it goes.
    fn sent_by(host: &mut Host, limit: usize) -> Vec<(u16, Vec<u8>)> {
        let (now, mut all, mut batch) = (Time::from_millis(5000), Vec::new(), Datagrams::default());
        loop {
            batch.clear();
            let more = host.poll_transmit_batch(now, limit, &mut batch);
            assert!(batch.len() <= limit && (more || batch.len() < limit));
            all.extend(batch.iter().map(|(to, data)| (to.port(), data.to_vec())));
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn a_batch_has_the_datagrams_of_one_by_one_with_those_of_a_peer_in_a_row() {
        let now = Time::from_millis(5000);
        let (mut host, mut one_by_one, mut buf) = (busy_host(3), Vec::new(), Vec::new());
        while let Some(transmit) = host.poll_transmit(now, &mut buf) {
            one_by_one.push((transmit.to.port(), buf.clone()));
        }
        let ports = |datagrams: &[(u16, Vec<u8>)]| {
            datagrams.iter().map(|(port, _)| *port).collect::<Vec<_>>()
        };
        assert_eq!(ports(&one_by_one), [0, 1, 2, 0, 1, 2, 0, 1, 2]);

        let mut host = busy_host(3);
        let in_batches = sent_by(&mut host, 64);
        assert_eq!(ports(&in_batches), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
        one_by_one.sort_by_key(|(port, _)| *port);
        assert_eq!(in_batches, one_by_one);
        let statistics = host.statistics();
        let bytes: usize = in_batches.iter().map(|(_, data)| data.len()).sum();
        assert_eq!(
            (statistics.datagrams_sent, statistics.bytes_sent),
            (9, bytes as u64)
        );
    }

    #[test]
    fn a_small_limit_loses_nothing() {
        for limit in 1..=4 {
            let mut datagrams = sent_by(&mut busy_host(3), limit);
            datagrams.sort_by_key(|(port, _)| *port);
            assert_eq!(datagrams, sent_by(&mut busy_host(3), 64), "limit {limit}");
        }
    }

    #[test]
    fn a_host_is_behind_a_mark_until_what_was_queued_before_it_has_left() {
        let mut host = busy_host(2);
        let mark = host.mark();
        let late = host.connect(address(9), 1, 0).expect("a slot is free");
        (0..80).for_each(|_| host.throttle_configure(late, 1, 2, 3));
        let mut out = Datagrams::default();
        let mut left = 0;
        while host.is_behind(mark) {
            left += 1;
            host.poll_transmit_batch(Time::from_millis(5000), left, &mut out);
        }
        assert_eq!(
            left, 8,
            "three datagrams to each of the two, two to the third"
        );
        assert!(host.poll_transmit_batch(Time::from_millis(5000), 9, &mut out));
    }

    #[test]
    fn an_unreachable_address_ends_the_attempts_to_connect_there_and_no_others() {
        let mut host = busy_host(2);
        let peers: Vec<_> = host.peers().collect();
        host.handle_unreachable(address(1));
        assert_eq!(
            host.poll_event(),
            Some(crate::Event::Disconnect {
                peer: peers[1],
                data: 0,
                cause: DisconnectCause::Unreachable
            })
        );
        assert_eq!(host.poll_event(), None);
        assert_eq!(host.state(peers[0]), PeerState::Connecting);
        assert!(sent_by(&mut host, 64).iter().all(|(port, _)| *port == 0));
        host.handle_unreachable(address(0));
        host.reset(peers[0]);
        assert_eq!(
            host.poll_event(),
            None,
            "nobody could tell whose end it was"
        );
    }

    #[test]
    fn what_was_refused_does_not_count_as_sent() {
        let mut host = busy_host(1);
        let sent = sent_by(&mut host, 64);
        host.note_refused(1, sent[0].1.len() as u64);
        let statistics = host.statistics();
        let kept: usize = sent[1..].iter().map(|(_, data)| data.len()).sum();
        assert_eq!(
            (
                statistics.datagrams_sent,
                statistics.datagrams_refused,
                statistics.bytes_sent
            ),
            (2, 1, kept as u64)
        );
    }

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
