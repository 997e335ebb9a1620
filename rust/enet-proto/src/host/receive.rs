//! In: [`Host::handle_datagram`] walks through a datagram's commands and hands each to its peer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Host;
use crate::channel::Abort;
use crate::consts::{PROTOCOL_MAXIMUM_MTU, PROTOCOL_MAXIMUM_PEER_ID};
use crate::event::DisconnectCause;
use crate::host::DropCause;
use crate::limits::Limits;
use crate::peer::{EchoFromTheFuture, Peer, PeerState};
use crate::time::Time;
use crate::wire::{CONTROL_CHANNEL, Command, CommandHeader, CommandKind, ProtocolHeader};

/// How far ahead of what was seen on the control channel, when a datagram begins, a command in it may be. A remote
/// has no more than a few commands under way there, and repeats what is dropped here.
///
/// Who would end a connection blindly must guess: the remote's port (2^14 where the system draws it at random), our label
/// (4095), the session (4), and a number among 32 of 65536, which is 2^11, or 2^10 if he first moves the window to where
/// he knows it with 1024 datagrams. That is 2^24 with the port known, and 2^38 without, for remotes that count from a
/// random number, as ours do. C ENet counts from 1: there the number is no secret, and what is left is 2^28.
const CONTROL_REACH: u16 = 32;

/// Whom a datagram is for.
#[derive(Debug, Clone, Copy)]
enum Recipient {
    /// Nobody yet: it can only ask for a connection.
    Stranger,
    /// An attempt whose address is not proven.
    Attempt(usize),
    /// The peer in a slot.
    Peer(u16),
}

impl Host {
    /// Takes in one datagram that arrived `from` a remote; `data` may be anything.
    ///
    /// What is invalid is dropped and counted in [`Host::statistics`].
    ///
    /// Source: `enet_protocol_handle_incoming_commands`, ENet 1.3.18 `protocol.c`. Differs: a datagram shorter than its
    /// own header is dropped.
    pub fn handle_datagram(&mut self, now: Time, from: SocketAddr, data: &[u8]) {
        self.statistics.bytes_received = self
            .statistics
            .bytes_received
            .wrapping_add(data.len() as u64);
        self.statistics.datagrams_received = self.statistics.datagrams_received.wrapping_add(1);
        let mut scratch = std::mem::take(&mut self.scratch);
        match self.unseal(now, from, data, &mut scratch) {
            Ok((header, recipient)) => {
                let plain = if header.compressed || self.config.checksum.is_some() {
                    &scratch
                } else {
                    data
                };
                self.walk(now, from, header, recipient, plain, data.len());
            }
            Err(cause) => {
                if let Some(others) = self.log.line(now) {
                    let len = data.len();
                    log::trace!(
                        "datagram of {len} bytes from {from} dropped: {cause:?} (and {others} lines like this)"
                    );
                }
                self.statistics.count(cause);
                self.statistics.datagrams_dropped =
                    self.statistics.datagrams_dropped.wrapping_add(1);
            }
        }
        self.scratch = scratch;
    }

    /// Finds out whom a datagram is for, and undoes compression and checksum into `scratch` where there are any.
    fn unseal(
        &mut self,
        now: Time,
        from: SocketAddr,
        data: &[u8],
        scratch: &mut Vec<u8>,
    ) -> Result<(ProtocolHeader, Recipient), DropCause> {
        if data.len() > PROTOCOL_MAXIMUM_MTU as usize {
            return Err(DropCause::Malformed);
        }
        let header = ProtocolHeader::decode(data).ok_or(DropCause::Malformed)?;
        let header_len = header.len() + self.checksum_len();
        let (head, body) = data
            .split_at_checked(header_len)
            .ok_or(DropCause::Malformed)?;
        let recipient = self.recipient(from, header).ok_or(DropCause::NobodysPeer)?;
        let (connect_id, mtu) = match recipient {
            Recipient::Peer(slot) => self.admit_datagram(now, slot, data.len())?,
            Recipient::Attempt(index) => (
                self.half_open.get(index).connect.connect_id,
                self.config.mtu,
            ),
            Recipient::Stranger => ([0; 4], 0),
        };
        if header.compressed {
            scratch.clear();
            scratch.extend_from_slice(head);
            let room = self.room(recipient, header_len, mtu as usize, body.len());
            scratch.resize(header_len + room, 0);
            let unpacked = self
                .compressor
                .as_mut()
                .and_then(|it| it.decompress(body, &mut scratch[header_len..]));
            match unpacked {
                None | Some(0) => return Err(DropCause::Undecodable),
                Some(len) => scratch.truncate(header_len + len),
            }
        } else if self.config.checksum.is_some() {
            scratch.clear();
            scratch.extend_from_slice(data);
        }
        if let Some(checksum) = self.config.checksum {
            let field = scratch[header.len()..]
                .first_chunk_mut()
                .expect("the head was split off with the checksum");
            let sent = std::mem::replace(field, connect_id);
            if checksum(scratch).to_be_bytes() != sent {
                return Err(DropCause::Undecodable);
            }
        }
        let plain_len = if header.compressed {
            scratch.len()
        } else {
            data.len()
        };
        if let Recipient::Peer(slot) = recipient {
            self.count_incoming(slot, plain_len);
            if let Some(peer) = self.slots.at_mut(slot) {
                peer.address = from;
            }
        }
        Ok((header, recipient))
    }

    /// Books a datagram that measures `len` bytes unpacked.
    fn count_incoming(&mut self, slot: u16, len: usize) {
        if let Some(peer) = self.slots.at_mut(slot) {
            let len = u32::try_from(len).expect("at most 4096");
            peer.incoming_total = peer.incoming_total.wrapping_add(len);
        }
    }

    fn recipient(&self, from: SocketAddr, header: ProtocolHeader) -> Option<Recipient> {
        if header.peer_id == PROTOCOL_MAXIMUM_PEER_ID {
            return Some(Recipient::Stranger);
        }
        if let Some(slot) = self.slots.labelled(header.peer_id)
            && let Some(peer) = self.slots.at(slot)
            && peer.expects(from, header.session)
        {
            return Some(Recipient::Peer(slot));
        }
        self.half_open
            .addressed(from, header.peer_id, header.session)
            .map(Recipient::Attempt)
    }

    /// Lets a datagram of a peer through if it is within its rates; returns the connect id and the MTU.
    fn admit_datagram(
        &mut self,
        now: Time,
        slot: u16,
        len: usize,
    ) -> Result<([u8; 4], u32), DropCause> {
        let quirks = self.config.vanilla_quirks;
        let peer = self.slots.at_mut(slot).ok_or(DropCause::NobodysPeer)?;
        let bytes = u32::try_from(len).expect("at most 4096");
        let [datagrams, volume] = &mut peer.quota;
        let within = quirks || (datagrams.take(1, now) && volume.take(bytes, now));
        if !within {
            return Err(DropCause::PeerRate);
        }
        peer.traffic.received(len);
        Ok((peer.connect_id, peer.mtu))
    }

    /// Most bytes that the body of a datagram may have after decompression.
    fn room(&self, recipient: Recipient, header_len: usize, mtu: usize, packed: usize) -> usize {
        let most = PROTOCOL_MAXIMUM_MTU as usize - header_len;
        match recipient {
            // A stranger has nothing to send but a CONNECT, so nothing larger is unpacked for one.
            Recipient::Stranger => CommandKind::Connect.size(),
            _ if self.config.vanilla_quirks => most,
            _ => {
                let ratio = Limits::bound(self.config.limits.decompression_ratio);
                most.min(mtu).min(ratio.saturating_mul(packed))
            }
        }
    }

    /// Handles one command after the other until one is not acceptable or the datagram ends. One for which there is no
    /// room is passed over, and not acknowledged.
    ///
    /// `len` is what the datagram measured on the wire, in bytes.
    fn walk(
        &mut self,
        now: Time,
        from: SocketAddr,
        header: ProtocolHeader,
        mut recipient: Recipient,
        datagram: &[u8],
        len: usize,
    ) {
        let mut rest = &datagram[header.len() + self.checksum_len()..];
        let mut pass = Pass {
            now,
            unanswerable: header.sent_time.is_none(),
            control_seen: self.control_seen(recipient),
        };
        let mut acknowledgements = 0;
        loop {
            let Some((command_header, command)) = Command::decode(rest) else {
                self.count_rest(recipient, rest);
                break;
            };
            let kind = command.kind();
            rest = &rest[kind.size()..];
            let payload_len = command.payload_len().unwrap_or(0);
            let outcome = match (recipient, &command) {
                (Recipient::Stranger, Command::Connect { handshake, data }) => {
                    match self.handle_connect(now, from, command_header, (handshake, *data), len) {
                        Ok(Some(id)) => {
                            recipient = Recipient::Peer(id.slot);
                            Ok(())
                        }
                        Ok(None) => return,
                        Err(abort) => Err(abort),
                    }
                }
                (Recipient::Stranger, _) => return self.statistics.count(DropCause::Unproven),
                (Recipient::Attempt(index), &Command::Acknowledge { number, sent_time }) => {
                    let echo = (number, sent_time);
                    self.prove(now, index, command_header.channel_id, echo)
                        .map(|id| {
                            recipient = Recipient::Peer(id.slot);
                            pass.control_seen = self.control_seen(recipient);
                            self.count_incoming(id.slot, datagram.len());
                            if let Some(peer) = self.slots.at_mut(id.slot) {
                                peer.traffic.received(len);
                            }
                        })
                }
                (Recipient::Attempt(index), _) => return self.remind(now, index, len),
                (Recipient::Peer(slot), _) => match rest.split_at_checked(payload_len) {
                    Some((payload, behind)) => {
                        rest = behind;
                        self.handle_command(&pass, slot, command_header, &command, payload)
                    }
                    None => Err(Abort::UNACCEPTABLE),
                },
            };
            if outcome == Err(Abort(DropCause::Memory)) && !self.config.vanilla_quirks {
                // What rides behind it may be the rest of what was begun, and make room. Were it dropped too, a remote
                // that always sends the two together would wait for good.
                self.statistics.count(DropCause::Memory);
                continue;
            }
            if let Err(Abort(cause)) = outcome {
                self.note_abort(now, from, kind, cause);
                self.abort(cause);
                break;
            }
            let Recipient::Peer(slot) = recipient else {
                break;
            };
            let Some(known) = self.slots.at_mut(slot) else {
                break;
            };
            if command_header.acknowledge {
                let Some(sent_time) = header.sent_time else {
                    self.count_rest(recipient, rest);
                    break;
                };
                acknowledgements += 1;
                let most = Limits::bound(self.config.limits.acknowledgements_per_datagram);
                if acknowledgements > most && !self.config.vanilla_quirks {
                    self.abort(DropCause::Acknowledgements);
                    break;
                }
                known.acknowledge(command_header, kind, sent_time);
            }
            if command_header.channel_id == CONTROL_CHANNEL && kind != CommandKind::Acknowledge {
                known.saw_control_number(command_header.number);
            }
        }
        if let Recipient::Peer(slot) = recipient
            && let Some(peer) = self.slots.at_mut(slot)
        {
            self.agenda.ready.insert(peer.id.slot);
            self.agenda.dispatch(peer);
            self.recount(slot);
        }
    }

    fn note_abort(&mut self, now: Time, from: SocketAddr, kind: CommandKind, cause: DropCause) {
        if let Some(others) = self.log.line(now) {
            log::trace!(
                "{kind:?} from {from} and the rest of its datagram dropped: {cause:?} (and {others} lines like this)"
            );
        }
    }

    /// Counts the end of a datagram that holds no command. Zeros behind the last command of a peer are padding, as
    /// FastLZ leaves it.
    fn count_rest(&mut self, recipient: Recipient, rest: &[u8]) {
        match recipient {
            Recipient::Stranger | Recipient::Attempt(_) => {
                self.statistics.count(DropCause::Unproven);
            }
            Recipient::Peer(_) if rest.iter().all(|&byte| byte == 0) => {}
            Recipient::Peer(_) => self.abort(DropCause::Unacceptable),
        }
    }

    const fn abort(&mut self, cause: DropCause) {
        self.statistics.count(cause);
        self.statistics.datagrams_aborted = self.statistics.datagrams_aborted.wrapping_add(1);
    }

    fn control_seen(&self, recipient: Recipient) -> u16 {
        match recipient {
            Recipient::Peer(slot) => self
                .slots
                .at(slot)
                .map_or(0, |it| it.incoming_control_number),
            Recipient::Stranger | Recipient::Attempt(_) => 0,
        }
    }

    /// One command for the peer in `slot`.
    fn handle_command(
        &mut self,
        pass: &Pass,
        slot: u16,
        header: CommandHeader,
        command: &Command,
        payload: &[u8],
    ) -> Result<(), Abort> {
        let peer = self.slots.at_mut(slot).ok_or(Abort::UNACCEPTABLE)?;
        let unnumbered = matches!(command, Command::Acknowledge { .. });
        if header.channel_id == CONTROL_CHANNEL
            && !unnumbered
            && peer.is_open()
            && !self.config.vanilla_quirks
            && pass.ahead(header.number) > CONTROL_REACH
            && pass.ahead(header.number) <= u16::MAX / 2
        {
            return Err(Abort(DropCause::Implausible));
        }
        match *command {
            Command::Acknowledge { number, sent_time } => {
                self.handle_acknowledge(pass.now, slot, header.channel_id, number, sent_time)
            }
            Command::Connect { .. } => Err(Abort::UNACCEPTABLE),
            Command::VerifyConnect(ref verify) => self.handle_verify_connect(slot, header, verify),
            Command::Disconnect { data } => self.handle_disconnect(pass, slot, header, data),
            Command::Ping => peer.must_be_open(),
            Command::BandwidthLimit { incoming, outgoing } => {
                peer.must_be_open()?;
                self.handle_bandwidth_limit(slot, incoming, outgoing);
                Ok(())
            }
            Command::ThrottleConfigure {
                interval,
                acceleration,
                deceleration,
            } => {
                peer.must_be_open()?;
                peer.throttle
                    .configure(interval, acceleration, deceleration);
                Ok(())
            }
            Command::SendReliable { .. }
            | Command::SendUnreliable { .. }
            | Command::SendFragment(_)
            | Command::SendUnsequenced { .. }
            | Command::SendUnreliableFragment(_) => {
                let allowance = self.memory.allowance(peer, &self.config);
                peer.take_in(header, command, payload, &self.config, allowance)
            }
        }
    }

    fn handle_acknowledge(
        &mut self,
        now: Time,
        slot: u16,
        channel_id: u8,
        number: u16,
        echo: u16,
    ) -> Result<(), Abort> {
        let peer = self.slots.at_mut(slot).ok_or(Abort::UNACCEPTABLE)?;
        if peer.state == PeerState::Zombie {
            return Ok(());
        }
        let confirmed =
            match peer.acknowledged(now, channel_id, number, echo, self.config.vanilla_quirks) {
                Ok(confirmed) => confirmed,
                Err(EchoFromTheFuture) => {
                    self.statistics.count(DropCause::StrayAcknowledgement);
                    return Ok(());
                }
            };
        if confirmed.is_none() {
            self.statistics.count(DropCause::StrayAcknowledgement);
        }
        match (peer.state, confirmed) {
            (PeerState::AcknowledgingConnect, Some(CommandKind::VerifyConnect)) => {
                let data = peer.data;
                self.open(slot, data);
                Ok(())
            }
            (PeerState::Disconnecting, Some(CommandKind::Disconnect)) => {
                self.finish(slot, 0, DisconnectCause::Local, true);
                Ok(())
            }
            (PeerState::AcknowledgingConnect | PeerState::Disconnecting, _) => {
                Err(Abort::UNACCEPTABLE)
            }
            (PeerState::DisconnectLater, _) if peer.is_drained() => {
                let data = peer.data;
                self.begin_disconnect(slot, data);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Source: `enet_protocol_handle_disconnect`, ENet 1.3.18 `protocol.c`. Differs, unless `vanilla_quirks`: its number
    /// must be new, and what arrived before it is still handed out. Differs: a flagged DISCONNECT that
    /// cannot be answered counts as unflagged.
    fn handle_disconnect(
        &mut self,
        pass: &Pass,
        slot: u16,
        header: CommandHeader,
        data: u32,
    ) -> Result<(), Abort> {
        let peer = self.slots.at_mut(slot).ok_or(Abort::UNACCEPTABLE)?;
        if matches!(
            peer.state,
            PeerState::Zombie | PeerState::AcknowledgingDisconnect
        ) {
            return Ok(());
        }
        // While connecting nothing was seen yet; refusals come with whatever number. What came before in the same datagram
        // does not move the window, but is not to come again.
        let new = 1..=u16::MAX / 2;
        let numbered = peer.state == PeerState::Connecting
            || ((1..=CONTROL_REACH).contains(&pass.ahead(header.number))
                && new.contains(&header.number.wrapping_sub(peer.incoming_control_number)));
        if !numbered && !self.config.vanilla_quirks {
            return Err(Abort(DropCause::Implausible));
        }
        if self.config.vanilla_quirks {
            peer.clear_ready();
        }
        match peer.state {
            PeerState::AcknowledgingConnect => self.remove(slot),
            state if state.is_open() && header.acknowledge && !pass.unanswerable => {
                self.change_state(slot, PeerState::AcknowledgingDisconnect);
                if let Some(peer) = self.slots.at_mut(slot) {
                    peer.clear_queues();
                    (peer.data, peer.cause) = (data, DisconnectCause::Remote);
                }
            }
            PeerState::Connecting => {
                if !self.ask_otherwise(slot, data) {
                    self.finish(slot, data, DisconnectCause::Refused, false);
                }
            }
            _ => self.finish(slot, data, DisconnectCause::Remote, false),
        }
        Ok(())
    }
}

/// What the commands of one datagram share.
struct Pass {
    now: Time,
    /// Whether the datagram has no sent time to echo.
    unanswerable: bool,
    /// Highest number on the control channel when the datagram began.
    control_seen: u16,
}

impl Pass {
    const fn ahead(&self, number: u16) -> u16 {
        number.wrapping_sub(self.control_seen)
    }
}

impl Peer {
    /// Whether a datagram `from` there with this session is from the remote. A peer asked for by broadcast takes the
    /// address of whoever answers.
    fn expects(&self, from: SocketAddr, session: u8) -> bool {
        let broadcast = self.address.ip() == IpAddr::V4(Ipv4Addr::BROADCAST);
        self.state != PeerState::Zombie
            && !self.unlocated
            && (self.address == from || broadcast)
            && (self.remote_id >= PROTOCOL_MAXIMUM_PEER_ID || self.sessions.incoming == session)
    }

    const fn must_be_open(&self) -> Result<(), Abort> {
        if self.is_open() {
            Ok(())
        } else {
            Err(Abort::UNACCEPTABLE)
        }
    }

    /// Remembers the highest number seen on the control channel.
    fn saw_control_number(&mut self, number: u16) {
        if number.wrapping_sub(self.incoming_control_number) <= u16::MAX / 2 {
            self.incoming_control_number = number;
        }
    }
}
