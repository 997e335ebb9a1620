//! Proof of address inside ENet's handshake, so that strangers cost next to nothing.
//!
//! A CONNECT makes one record in [`HalfOpen`] and no peer. The answer, VERIFY_CONNECT, carries four values that a client
//! of C ENet repeats in its acknowledgement without looking at them:
//!
//! | value | where the client repeats it | choices |
//! | --- | --- | --- |
//! | label, our number for it | header | 4095 |
//! | session | header | 4 |
//! | number of the command | acknowledgement | 65536 |
//! | sent time | acknowledgement | 65536 |
//!
//! All are random, so whoever cannot read our answer hits them with one datagram once in 4095 · 4 · 2^32 ≈ 2^46 times.
//! Two challenges of an attempt may be open at a time and 16 attempts of one address, which is 2^41 at worst: at a
//! million guesses a second, one success in 25 days of sending, for attempts that live some seconds.
//!
//! - A challenge is sent in answer to a datagram of the client only, never by a timer, at most two a second; and never
//!   more bytes to the address than came from it.
//! - A client whose acknowledgement was lost repeats its PING, not its CONNECT. It knows label and session, so the PING
//!   is answered by a flagged PING: as long as the client's own, and its acknowledgement proves the same.
//! - Attempts begin at a bounded rate; which ones when there are too many, [`Knocks`](super::knocks::Knocks) says.
//! - The first round-trip time is reckoned from when the challenge really left, not from its sent time.
//!
//! A cookie without any record would be stronger against exhaustion, but does not fit: what the CONNECT says (user data,
//! connect id, number, bandwidths, 32 bytes and more) comes back in no later datagram, and the 46 bits that do come back
//! are needed as the proof.
//!
//! `vanilla_quirks` gives a slot to each CONNECT, as C ENet does.

use std::net::SocketAddr;

use super::Host;
use super::half_open::{Attempt, Challenge};
use super::handshake::verification;
use super::screening::Dismissal;
use crate::admission::Verdict;
use crate::channel::Abort;
use crate::event::PeerId;
use crate::host::DropCause;
use crate::peer::{Peer, PeerState, write_goodbye};
use crate::time::Time;
use crate::wire::{CONTROL_CHANNEL, Command, CommandHeader, Handshake, ProtocolHeader};

/// A CONNECT from an address that is not proven.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knock {
    pub(super) from: SocketAddr,
    pub(super) connect: Handshake,
    /// Number of the command.
    pub(super) number: u16,
    /// User data of the remote's connect call.
    pub(super) data: u32,
    /// Bytes that came from the address and were not answered: its datagram, and those of copies.
    pub(super) credit: usize,
}

impl Knock {
    /// By what copies are known.
    pub(super) const fn name(&self) -> (SocketAddr, [u8; 4]) {
        (self.from, self.connect.connect_id)
    }
}

impl Host {
    /// CONNECT from a stranger: a first one, or a copy.
    pub(super) fn knock(&mut self, now: Time, knock: Knock) {
        let Knock { from, credit, .. } = knock;
        let connect_id = knock.connect.connect_id;
        self.statistics.unproven_bytes_received += credit as u64;
        if let Some(index) = self.half_open.find(from, connect_id) {
            self.half_open.get_mut(index).heard(credit, now.millis());
            return self.challenge_connect(now, index);
        }
        if let Some(id) = self.waiting.find(from, connect_id) {
            return self.knock_again(now, id, credit);
        }
        // Before the rate: who is banned uses up nothing of it.
        if let Some(ban) = self.bans.of(from.ip(), now) {
            return self.turn_away_banned(now, &knock, ban.answer);
        }
        if !self.knocks.admit(now, from, connect_id) {
            return self.statistics.count(DropCause::ConnectCrowded);
        }
        match self.screen(now, &knock) {
            Verdict::Accept => self.begin_attempt(now, &knock),
            Verdict::Wait => self.wait(now, knock),
            Verdict::Refuse { .. } | Verdict::Ignore => {}
        }
    }

    /// Makes a CONNECT an attempt, and challenges it.
    pub(super) fn begin_attempt(&mut self, now: Time, knock: &Knock) {
        let labels = self.slots.labels();
        let Some(label) = labels.draw(&mut *self.choices, &self.half_open) else {
            return self.statistics.count(DropCause::ConnectIgnored); // as without a free slot
        };
        let mut attempt = Attempt::new(knock, now.millis());
        attempt.number = self.choices.first_number();
        attempt.sessions = self.choices.granted_sessions(&knock.connect);
        let (index, evicted) =
            self.half_open
                .insert(now, attempt, &self.config.limits, &mut *self.choices);
        if evicted {
            self.statistics.count(DropCause::HalfOpenEvicted);
        }
        self.half_open.offer(index, label);
        self.challenge_connect(now, index);
    }

    /// A datagram from an attempt that knows its label and session, but does not begin with the proof.
    pub(super) fn remind(&mut self, now: Time, index: usize, len: usize) {
        self.statistics.unproven_bytes_received += len as u64;
        self.statistics.count(DropCause::Unproven);
        self.half_open.get_mut(index).heard(len, now.millis());
        // One number after the VERIFY_CONNECT, as the remote expects.
        let number = self.half_open.get(index).number.wrapping_add(1);
        self.challenge(now, index, number, &Command::Ping);
    }

    fn challenge_connect(&mut self, now: Time, index: usize) {
        let attempt = self.half_open.get(index);
        let verify = verification(
            &self.config,
            &attempt.connect,
            attempt.label,
            attempt.sessions,
        );
        let number = attempt.number;
        self.challenge(
            now,
            index,
            number,
            &Command::VerifyConnect(Box::new(verify)),
        );
    }

    /// Sends a command whose acknowledgement proves the address, if that may be.
    fn challenge(&mut self, now: Time, index: usize, number: u16, command: &Command) {
        let millis = now.millis();
        if !self.half_open.get(index).is_due(millis) {
            return;
        }
        let sent_time = self.choices.sent_time(millis.sent_time());
        let attempt = self.half_open.get(index);
        let header = ProtocolHeader {
            peer_id: attempt.connect.peer_id,
            session: attempt.sessions.outgoing,
            compressed: false,
            sent_time: Some(sent_time),
        };
        let (to, connect_id) = (attempt.from, attempt.connect.connect_id);
        let numbered = CommandHeader {
            number,
            ..CommandHeader::CONTROL
        };
        let datagram = self.datagram(header, connect_id, |body| command.encode(numbered, body));
        let attempt = self.half_open.get_mut(index);
        if datagram.len() > attempt.credit {
            return;
        }
        let challenge = Challenge {
            number,
            sent_time,
            at: millis,
        };
        attempt.challenged(challenge, datagram.len());
        self.statistics.unproven_bytes_sent += datagram.len() as u64;
        self.farewells.push_back((to, datagram));
    }

    /// An acknowledgement from an attempt: if it answers a challenge, the attempt becomes a connected peer.
    pub(super) fn prove(
        &mut self,
        now: Time,
        index: usize,
        channel_id: u8,
        (number, echo): (u16, u16),
    ) -> Result<PeerId, Abort> {
        let unproven = Abort(DropCause::Unproven);
        let Some(challenge) = self
            .half_open
            .get(index)
            .answered(number, echo)
            .filter(|_| channel_id == CONTROL_CHANNEL)
        else {
            return Err(unproven);
        };
        let attempt = self.half_open.remove(index);
        let id = match self.seat(now, &attempt) {
            Ok(id) => id,
            Err(Dismissal { cause, answer }) => {
                if let Some(data) = answer {
                    self.dismiss(&attempt, data);
                }
                return Err(Abort(cause));
            }
        };
        self.book_join(now, attempt.from);
        let mut peer = Peer::accepted(
            id,
            attempt.from,
            attempt.sessions,
            &attempt.connect,
            attempt.data,
            &self.config,
        );
        peer.label = attempt.label;
        peer.admitted = self.admission.is_some();
        peer.incoming_control_number = attempt.connect_number;
        peer.proven(challenge.number, challenge.at, now.millis());
        self.addresses.insert(&peer);
        self.slots.occupy(peer);
        self.open(id.slot, attempt.data);
        if !self.config.throttle_enabled {
            self.spare(id.slot);
        }
        Ok(id)
    }

    /// Asks a remote to drop no unreliable packets because of its round trips: all that ENet lets us say is how much its
    /// throttle falls at a time.
    fn spare(&mut self, slot: u16) {
        if let Some(peer) = self.slots.at_mut(slot) {
            let command = Command::ThrottleConfigure {
                interval: peer.throttle.interval,
                acceleration: peer.throttle.acceleration,
                deceleration: 0,
            };
            peer.queue_control(&mut self.stamp, command);
            self.agenda.ready.insert(slot);
        }
    }

    /// Parts from a remote that proved its address and believes itself connected.
    fn dismiss(&mut self, attempt: &Attempt, data: u32) {
        let header = ProtocolHeader {
            peer_id: attempt.connect.peer_id,
            session: attempt.sessions.outgoing,
            compressed: false,
            sent_time: None,
        };
        let number = attempt.number.wrapping_add(2);
        let datagram = self.datagram(header, attempt.connect.connect_id, |body| {
            write_goodbye(number, data, body);
        });
        self.farewells.push_back((attempt.from, datagram));
        self.statistics.connects_refused = self.statistics.connects_refused.wrapping_add(1);
    }

    /// Forgets and counts attempts that have been silent for long, if it is time to look.
    pub(super) fn sweep_attempts(&mut self, now: Time) {
        self.knocks.rest(now);
        let expired = self.half_open.sweep(now);
        (0..expired).for_each(|_| self.statistics.count(DropCause::HalfOpenExpired));
        let expired = self.waiting.sweep(now);
        (0..expired).for_each(|_| self.statistics.count(DropCause::WaitingExpired));
    }
}

impl Peer {
    /// A peer that asked for a connection and was granted it.
    pub(super) fn accepted(
        id: PeerId,
        from: SocketAddr,
        sessions: crate::peer::Sessions,
        connect: &Handshake,
        data: u32,
        config: &crate::HostConfig,
    ) -> Self {
        let state = PeerState::AcknowledgingConnect;
        let mut peer = Self::new(id, from, state, sessions, config);
        let terms = verification(config, connect, id.slot, sessions);
        peer.mtu = terms.mtu;
        peer.channels.set_count(terms.channel_count as usize);
        peer.remote_id = connect.peer_id;
        peer.connect_id = connect.connect_id;
        peer.data = data;
        peer.incoming_bandwidth = connect.incoming_bandwidth;
        peer.outgoing_bandwidth = connect.outgoing_bandwidth;
        peer.throttle.configure(
            connect.throttle_interval,
            connect.throttle_acceleration,
            connect.throttle_deceleration,
        );
        peer.recovery.window_size =
            super::handshake::send_window(config.outgoing_bandwidth, peer.incoming_bandwidth);
        peer
    }
}
