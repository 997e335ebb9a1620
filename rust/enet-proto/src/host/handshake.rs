//! How connections come about: what CONNECT and VERIFY_CONNECT carry and do.

use std::net::{Ipv4Addr, SocketAddr};

use super::Host;
use super::proof::Knock;
use crate::admission::Verdict;
use crate::channel::Abort;
use crate::config::HostConfig;
use crate::consts::{
    PEER_WINDOW_SIZE_SCALE, PROTOCOL_MAXIMUM_CHANNEL_COUNT, PROTOCOL_MAXIMUM_MTU,
    PROTOCOL_MAXIMUM_PEER_ID, PROTOCOL_MAXIMUM_WINDOW_SIZE, PROTOCOL_MINIMUM_CHANNEL_COUNT,
    PROTOCOL_MINIMUM_MTU, PROTOCOL_MINIMUM_WINDOW_SIZE,
};
use crate::error::ConnectError;
use crate::event::{DisconnectCause, Event, PeerId};
use crate::host::DropCause;
use crate::peer::{Peer, PeerState, Sessions, write_goodbye};
use crate::time::Time;
use crate::wire::{Command, CommandHeader, Handshake, ProtocolHeader};

impl Peer {
    /// A peer we are about to ask for a connection.
    pub(super) fn connecting(
        id: PeerId,
        address: SocketAddr,
        sessions: Sessions,
        channel_count: usize,
        connect_id: [u8; 4],
        config: &HostConfig,
    ) -> Self {
        let mut peer = Self::new(id, address, PeerState::Connecting, sessions, config);
        let channels = channel_count.clamp(
            PROTOCOL_MINIMUM_CHANNEL_COUNT,
            PROTOCOL_MAXIMUM_CHANNEL_COUNT,
        );
        peer.channels.set_count(channels);
        peer.connect_id = connect_id;
        peer.recovery.window_size = window_for(config.outgoing_bandwidth);
        peer
    }

    /// The CONNECT of a peer in state [`PeerState::Connecting`].
    pub(super) fn connect_command(&self, config: &HostConfig, data: u32) -> Command {
        let handshake = self.handshake(config, self.sessions, self.recovery.window_size);
        Command::Connect {
            handshake: Box::new(handshake),
            data,
        }
    }

    fn handshake(&self, config: &HostConfig, sessions: Sessions, window_size: u32) -> Handshake {
        Handshake {
            peer_id: self.label,
            incoming_session: sessions.incoming,
            outgoing_session: sessions.outgoing,
            mtu: self.mtu,
            window_size,
            channel_count: u32::try_from(self.channels.count()).expect("at most 255"),
            incoming_bandwidth: config.incoming_bandwidth,
            outgoing_bandwidth: config.outgoing_bandwidth,
            throttle_interval: self.throttle.interval,
            throttle_acceleration: self.throttle.acceleration,
            throttle_deceleration: self.throttle.deceleration,
            connect_id: self.connect_id,
        }
    }
}

impl Host {
    /// Begins a connection to a remote whose address is not known yet: nothing is sent before [`Host::locate`] tells it.
    ///
    /// Arguments and errors are those of [`Host::connect`]. The peer is in [`PeerState::Connecting`] and takes all
    /// settings; of all timeouts only [`PeerTimes::connect_timeout`](crate::PeerTimes) runs.
    ///
    /// # Errors
    /// [`ConnectError::NoFreeSlot`] when all slots are taken.
    pub fn connect_later(
        &mut self,
        channel_count: usize,
        data: u32,
    ) -> Result<PeerId, ConnectError> {
        let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let id = self.connect(nowhere, channel_count, data)?;
        if let Some(peer) = self.slots.get_mut(id) {
            peer.unlocated = true;
        }
        Ok(id)
    }

    /// Tells where the remote of [`Host::connect_later`] is, and sends the CONNECT; `None` ends the attempt with
    /// [`DisconnectCause::Unlocated`]. Nothing happens if the peer is gone, or was located before.
    pub fn locate(&mut self, peer: PeerId, address: Option<SocketAddr>) {
        let Some(held) = self.slots.get_mut(peer).filter(|peer| peer.unlocated) else {
            return;
        };
        match address {
            Some(address) => {
                (held.address, held.unlocated) = (address, false);
                self.agenda.ready.insert(peer.slot);
            }
            None => self.finish(peer.slot, 0, DisconnectCause::Unlocated, true),
        }
    }

    /// CONNECT, sent to no peer: becomes an attempt, is refused, or dropped without a word. With `vanilla_quirks` it takes a
    /// slot, and is answered with VERIFY_CONNECT until that is acknowledged.
    ///
    /// `len` is what its datagram measured, in bytes.
    ///
    /// Source: `enet_protocol_handle_connect`, ENet 1.3.18 `protocol.c`. Differs: a remote id that cannot be one is
    /// refused, an [`Admission`](crate::Admission) is asked, and the address must be proven.
    pub(super) fn handle_connect(
        &mut self,
        now: Time,
        from: SocketAddr,
        header: CommandHeader,
        (connect, data): (&Handshake, u32),
        len: usize,
    ) -> Result<Option<PeerId>, Abort> {
        if granted_channels(connect.channel_count).is_none()
            || connect.peer_id >= PROTOCOL_MAXIMUM_PEER_ID
        {
            return Err(Abort(DropCause::ConnectInvalid));
        }
        let knock = Knock {
            from,
            connect: *connect,
            number: header.number,
            data,
            credit: len,
        };
        if !self.config.vanilla_quirks {
            self.knock(now, knock);
            return Ok(None);
        }
        if self.addresses.knows(from, connect.connect_id)
            || self.addresses.count(from.ip()) >= self.config.duplicate_peers
        {
            return Err(Abort::UNACCEPTABLE);
        }
        match self.decide(from, data) {
            Verdict::Accept => {}
            Verdict::Refuse { data } => {
                self.refuse(now, &knock, data);
                return Err(Abort(DropCause::ConnectRefused));
            }
            Verdict::Ignore | Verdict::Wait => return Err(Abort(DropCause::ConnectIgnored)),
        }
        let vacant = self.slots.vacant(self.config.peer_count);
        let (id, last) = vacant.ok_or(Abort(DropCause::ConnectIgnored))?;
        if let Err(data) = self.admit(from, data, id) {
            self.refuse(now, &knock, data);
            return Err(Abort(DropCause::ConnectRefused));
        }
        let sessions = Sessions {
            outgoing: next_session(connect.incoming_session, last.outgoing),
            incoming: next_session(connect.outgoing_session, last.incoming),
        };
        let mut peer = Peer::accepted(id, from, sessions, connect, data, &self.config);
        peer.admitted = self.admission.is_some();
        let verify = verification(&self.config, connect, peer.label, sessions);
        self.addresses.insert(&peer);
        self.slots
            .occupy(peer)
            .queue_control(&mut self.stamp, Command::VerifyConnect(Box::new(verify)));
        self.agenda.ready.insert(id.slot);
        Ok(Some(id))
    }

    /// Answers a CONNECT with an unflagged DISCONNECT, for which nothing is kept here.
    ///
    /// It is addressed to the slot that the remote named. While a remote is connecting it checks neither the session nor
    /// the number, and reports a disconnect with `data`. The session is one that the remote's next connection will not
    /// have, as far as can be known: a copy of an old CONNECT that comes late must not end the connection that the
    /// remote has by then. The address is not proven, so it never gets more bytes than came from it.
    pub(super) fn refuse(&mut self, now: Time, knock: &Knock, data: u32) {
        let connect = &knock.connect;
        if !self.refusals.has_one(now) {
            return;
        }
        let header = ProtocolHeader {
            peer_id: connect.peer_id,
            session: refusing_session(connect.incoming_session),
            compressed: false,
            sent_time: None,
        };
        let datagram = self.datagram(header, connect.connect_id, |body| {
            write_goodbye(1, data, body);
        });
        if datagram.len() <= knock.credit && self.refusals.take(1, now) {
            self.statistics.unproven_bytes_sent += datagram.len() as u64;
            self.farewells.push_back((knock.from, datagram));
            self.statistics.connects_refused = self.statistics.connects_refused.wrapping_add(1);
        }
    }

    /// VERIFY_CONNECT: the connection we asked for is open, if the answer fits what we asked.
    ///
    /// Source: `enet_protocol_handle_verify_connect`, ENet 1.3.18 `protocol.c`.
    pub(super) fn handle_verify_connect(
        &mut self,
        slot: u16,
        header: CommandHeader,
        verify: &Handshake,
    ) -> Result<(), Abort> {
        let Some(peer) = self
            .slots
            .at_mut(slot)
            .filter(|peer| peer.state == PeerState::Connecting)
        else {
            return Ok(()); // a copy: it is acknowledged again, which repairs a lost acknowledgement
        };
        let throttle = (
            verify.throttle_interval,
            verify.throttle_acceleration,
            verify.throttle_deceleration,
        );
        let fits = throttle
            == (
                peer.throttle.interval,
                peer.throttle.acceleration,
                peer.throttle.deceleration,
            )
            && verify.connect_id == peer.connect_id;
        let Some(channel_count) = granted_channels(verify.channel_count).filter(|_| fits) else {
            self.finish(slot, 0, DisconnectCause::Handshake, false);
            return Err(Abort::UNACCEPTABLE);
        };
        peer.forget_connect();
        peer.incoming_control_number = header.number;
        let channel_count = channel_count.min(peer.channels.count());
        peer.channels.set_count(channel_count);
        peer.remote_id = verify.peer_id;
        peer.sessions = Sessions {
            incoming: verify.incoming_session,
            outgoing: verify.outgoing_session,
        };
        peer.mtu = peer
            .mtu
            .min(verify.mtu.clamp(PROTOCOL_MINIMUM_MTU, PROTOCOL_MAXIMUM_MTU));
        peer.recovery.window_size = peer
            .recovery
            .window_size
            .min(clamp_window(verify.window_size));
        peer.incoming_bandwidth = verify.incoming_bandwidth;
        peer.outgoing_bandwidth = verify.outgoing_bandwidth;
        self.addresses.insert(peer);
        self.open(slot, 0);
        Ok(())
    }

    /// The handshake is over; `data` goes into the event.
    pub(super) fn open(&mut self, slot: u16, data: u32) {
        self.change_state(slot, PeerState::Connected);
        self.recalculate = true;
        if let Some(peer) = self.slots.at(slot) {
            self.agenda.notices.push_back(Event::Connect {
                peer: peer.id,
                data,
            });
        }
    }
}

/// What we answer a CONNECT whose channel count was checked: the terms of the connection, as the remote reads them.
pub(super) fn verification(
    config: &HostConfig,
    connect: &Handshake,
    label: u16,
    sessions: Sessions,
) -> Handshake {
    let channel_limit = u32::try_from(config.channel_limit).expect("at most 255");
    let granted = window_for(config.incoming_bandwidth).min(connect.window_size);
    Handshake {
        peer_id: label,
        incoming_session: sessions.outgoing,
        outgoing_session: sessions.incoming,
        mtu: config.mtu.min(
            connect
                .mtu
                .clamp(PROTOCOL_MINIMUM_MTU, PROTOCOL_MAXIMUM_MTU),
        ),
        window_size: clamp_window(granted),
        channel_count: connect.channel_count.min(channel_limit),
        incoming_bandwidth: config.incoming_bandwidth,
        outgoing_bandwidth: config.outgoing_bandwidth,
        ..*connect
    }
}

/// The window towards a peer, from our outgoing bandwidth and what it can take in.
pub(super) fn send_window(outgoing: u32, peer_incoming: u32) -> u32 {
    match (outgoing, peer_incoming) {
        (0, one) | (one, 0) => window_for(one),
        (one, other) => window_for(one.min(other)),
    }
}

/// The window that a bandwidth in bytes per second is worth; 0 is unlimited.
const fn window_for(bandwidth: u32) -> u32 {
    if bandwidth == 0 {
        return PROTOCOL_MAXIMUM_WINDOW_SIZE;
    }
    // At most 65535 times 4096.
    clamp_window(bandwidth / PEER_WINDOW_SIZE_SCALE * PROTOCOL_MINIMUM_WINDOW_SIZE)
}

const fn clamp_window(bytes: u32) -> u32 {
    if bytes < PROTOCOL_MINIMUM_WINDOW_SIZE {
        PROTOCOL_MINIMUM_WINDOW_SIZE
    } else if bytes > PROTOCOL_MAXIMUM_WINDOW_SIZE {
        PROTOCOL_MAXIMUM_WINDOW_SIZE
    } else {
        bytes
    }
}

/// The channel count in a handshake, if it is one.
fn granted_channels(count: u32) -> Option<usize> {
    let count = usize::try_from(count).ok()?;
    (PROTOCOL_MINIMUM_CHANNEL_COUNT..=PROTOCOL_MAXIMUM_CHANNEL_COUNT)
        .contains(&count)
        .then_some(count)
}

/// The session that follows the one the remote names (0xFF: it knows none) and differs from the `last` of the slot.
const fn next_session(named: u8, last: u8) -> u8 {
    let session = (if named == 0xFF { last } else { named }).wrapping_add(1) & 3;
    if session == last {
        session.wrapping_add(1) & 3
    } else {
        session
    }
}

/// A session that does not follow the one a remote names: see [`next_session`]. A remote that names none is given 0
/// first.
const fn refusing_session(named: u8) -> u8 {
    named & 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_carries_no_session_that_an_acceptance_would() {
        for named in 0..=u8::MAX {
            // A remote that names none never had a session of this slot; it most likely gets the first one.
            let lasts = if named == 0xFF { 0xFF..=0xFF } else { 0..=0xFF };
            for last in lasts {
                assert_ne!(
                    refusing_session(named),
                    next_session(named, last),
                    "named {named}, last {last}"
                );
            }
        }
    }

    #[test]
    fn sessions_step_and_never_repeat_the_last_of_their_slot() {
        assert_eq!(next_session(0xFF, 0xFF), 0, "fresh on both sides");
        assert_eq!(
            (0..4)
                .map(|last| next_session(last, last))
                .collect::<Vec<_>>(),
            [1, 2, 3, 0]
        );
        for named in 0..=u8::MAX {
            for last in [0, 1, 2, 3, 0xFF] {
                let next = next_session(named, last);
                assert!(next < 4 && next != last, "named {named}, last {last}");
            }
        }
    }

    #[test]
    fn windows_follow_the_smaller_known_bandwidth() {
        assert_eq!(send_window(0, 0), 65_536);
        assert_eq!(send_window(200_000, 0), 12_288);
        assert_eq!(send_window(0, 200_000), 12_288);
        assert_eq!(send_window(800_000, 200_000), 12_288);
        assert_eq!(send_window(1, u32::MAX), 4096);
        assert_eq!(send_window(u32::MAX, u32::MAX), 65_536);
    }
}
