//! In: [`Host::handle_datagram`] walks through a datagram's commands and hands each to its peer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Host;
use crate::channel::Abort;
use crate::consts::{PROTOCOL_MAXIMUM_MTU, PROTOCOL_MAXIMUM_PEER_ID};
use crate::event::DisconnectCause;
use crate::peer::{EchoFromTheFuture, Peer, PeerState};
use crate::time::{Millis, Time};
use crate::wire::{CONTROL_CHANNEL, Command, CommandHeader, CommandKind, ProtocolHeader};

/// How far ahead of the numbers seen on the control channel a DISCONNECT may be. Lost pings make gaps; who guesses
/// blindly hits one time in 64.
const DISCONNECT_REACH: u16 = 1024;

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
        match self.unseal(from, data, &mut scratch) {
            Some((header, slot)) => {
                let plain = if header.compressed || self.config.checksum.is_some() {
                    &scratch
                } else {
                    data
                };
                self.walk(now.millis(), from, header, slot, plain, data.len());
            }
            None => {
                log::trace!("datagram of {} bytes from {from} dropped", data.len());
                self.statistics.datagrams_dropped =
                    self.statistics.datagrams_dropped.wrapping_add(1);
            }
        }
        self.scratch = scratch;
    }

    /// Finds out whom a datagram is for, and undoes compression and checksum into `scratch` where there are any.
    fn unseal(
        &mut self,
        from: SocketAddr,
        data: &[u8],
        scratch: &mut Vec<u8>,
    ) -> Option<(ProtocolHeader, Option<u16>)> {
        if data.len() > PROTOCOL_MAXIMUM_MTU as usize {
            return None;
        }
        let header = ProtocolHeader::decode(data)?;
        let header_len = header.len() + self.checksum_len();
        let (head, body) = data.split_at_checked(header_len)?;
        let slot = (header.peer_id != PROTOCOL_MAXIMUM_PEER_ID).then_some(header.peer_id);
        let peer = match slot {
            Some(slot) => Some(
                self.slots
                    .at(slot)
                    .filter(|peer| peer.expects(from, header.session))?,
            ),
            None => None,
        };
        let connect_id = peer.map_or([0; 4], |peer| peer.connect_id);
        if header.compressed {
            scratch.clear();
            scratch.extend_from_slice(head);
            // A stranger has nothing to send but a CONNECT, so nothing larger is unpacked for one.
            let room = match slot {
                Some(_) => PROTOCOL_MAXIMUM_MTU as usize,
                None => header_len + CommandKind::Connect.size(),
            };
            scratch.resize(room, 0);
            let len = self
                .compressor
                .as_mut()?
                .decompress(body, &mut scratch[header_len..])?;
            if len == 0 {
                return None;
            }
            scratch.truncate(header_len + len);
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
                return None;
            }
        }
        let plain_len = if header.compressed {
            scratch.len()
        } else {
            data.len()
        };
        if let Some(peer) = slot.and_then(|slot| self.slots.at_mut(slot)) {
            peer.address = from;
            let len = u32::try_from(plain_len).expect("at most 4096");
            peer.incoming_total = peer.incoming_total.wrapping_add(len);
        }
        Some((header, slot))
    }

    /// Handles one command after the other until one is not acceptable or the datagram ends.
    ///
    /// `len` is what the datagram measured on the wire, in bytes.
    fn walk(
        &mut self,
        now: Millis,
        from: SocketAddr,
        header: ProtocolHeader,
        slot: Option<u16>,
        datagram: &[u8],
        len: usize,
    ) {
        let mut peer = slot;
        let mut rest = &datagram[header.len() + self.checksum_len()..];
        while let Some((command_header, command)) = Command::decode(rest) {
            let kind = command.kind();
            rest = &rest[kind.size()..];
            let payload_len = command.payload_len().unwrap_or(0);
            let outcome = match (peer, &command) {
                (None, Command::Connect { handshake, data }) => self
                    .handle_connect(from, handshake, *data, len)
                    .map(|id| peer = Some(id.slot)),
                (None, _) => return,
                (Some(slot), _) => match rest.split_at_checked(payload_len) {
                    Some((payload, behind)) => {
                        rest = behind;
                        let unanswerable = header.sent_time.is_none();
                        self.handle_command(
                            now,
                            slot,
                            command_header,
                            &command,
                            payload,
                            unanswerable,
                        )
                    }
                    None => Err(Abort),
                },
            };
            if outcome.is_err() {
                log::trace!(
                    "{kind:?} from {from} is not acceptable, the rest of its datagram is dropped"
                );
                self.statistics.datagrams_aborted =
                    self.statistics.datagrams_aborted.wrapping_add(1);
                break;
            }
            let Some(known) = peer.and_then(|slot| self.slots.at_mut(slot)) else {
                break;
            };
            if command_header.acknowledge {
                let Some(sent_time) = header.sent_time else {
                    break;
                };
                known.acknowledge(command_header, kind, sent_time);
            }
            if command_header.channel_id == CONTROL_CHANNEL && kind != CommandKind::Acknowledge {
                known.saw_control_number(command_header.number);
            }
        }
        if let Some(peer) = peer.and_then(|slot| self.slots.at_mut(slot)) {
            self.agenda.ready.insert(peer.id.slot);
            self.agenda.dispatch(peer);
        }
    }

    /// One command for the peer in `slot`. `unanswerable`: its datagram has no sent time to echo.
    fn handle_command(
        &mut self,
        now: Millis,
        slot: u16,
        header: CommandHeader,
        command: &Command,
        payload: &[u8],
        unanswerable: bool,
    ) -> Result<(), Abort> {
        let peer = self.slots.at_mut(slot).ok_or(Abort)?;
        match *command {
            Command::Acknowledge { number, sent_time } => {
                self.handle_acknowledge(now, slot, header.channel_id, number, sent_time)
            }
            Command::Connect { .. } => Err(Abort),
            Command::VerifyConnect(ref verify) => self.handle_verify_connect(slot, verify),
            Command::Disconnect { data } => {
                self.handle_disconnect(slot, header, data, unanswerable)
            }
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
                peer.take_in(header, command, payload, &self.config)
            }
        }
    }

    fn handle_acknowledge(
        &mut self,
        now: Millis,
        slot: u16,
        channel_id: u8,
        number: u16,
        echo: u16,
    ) -> Result<(), Abort> {
        let peer = self.slots.at_mut(slot).ok_or(Abort)?;
        if peer.state == PeerState::Zombie {
            return Ok(());
        }
        let confirmed =
            match peer.acknowledged(now, channel_id, number, echo, self.config.vanilla_quirks) {
                Ok(confirmed) => confirmed,
                Err(EchoFromTheFuture) => return Ok(()),
            };
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
            (PeerState::AcknowledgingConnect | PeerState::Disconnecting, _) => Err(Abort),
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
        slot: u16,
        header: CommandHeader,
        data: u32,
        unanswerable: bool,
    ) -> Result<(), Abort> {
        let peer = self.slots.at_mut(slot).ok_or(Abort)?;
        if matches!(
            peer.state,
            PeerState::Zombie | PeerState::AcknowledgingDisconnect
        ) {
            return Ok(());
        }
        let ahead = header.number.wrapping_sub(peer.incoming_control_number);
        // While connecting nothing was seen yet; refusals come with whatever number.
        let numbered =
            peer.state == PeerState::Connecting || (1..=DISCONNECT_REACH).contains(&ahead);
        if !numbered && !self.config.vanilla_quirks {
            return Err(Abort);
        }
        if self.config.vanilla_quirks {
            peer.clear_ready();
        }
        match peer.state {
            PeerState::AcknowledgingConnect => self.remove(slot),
            state if state.is_open() && header.acknowledge && !unanswerable => {
                self.change_state(slot, PeerState::AcknowledgingDisconnect);
                if let Some(peer) = self.slots.at_mut(slot) {
                    peer.clear_queues();
                    (peer.data, peer.cause) = (data, DisconnectCause::Remote);
                }
            }
            _ => self.finish(slot, data, DisconnectCause::Remote, false),
        }
        Ok(())
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
        if self.is_open() { Ok(()) } else { Err(Abort) }
    }

    /// Remembers the highest number seen on the control channel.
    fn saw_control_number(&mut self, number: u16) {
        if number.wrapping_sub(self.incoming_control_number) <= u16::MAX / 2 {
            self.incoming_control_number = number;
        }
    }
}
