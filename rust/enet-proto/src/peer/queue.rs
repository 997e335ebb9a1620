//! How commands get into a peer's queues: numbering, and splitting packets into fragments.

use bytes::Bytes;

use super::outgoing::{Outgoing, Queue};
use super::{Peer, PeerState};
use crate::consts::PROTOCOL_MAXIMUM_FRAGMENT_COUNT;
use crate::error::SendError;
use crate::packet::{Packet, PacketFlags};
use crate::wire::{CONTROL_CHANNEL, Command, CommandHeader, CommandKind, Fragment};

impl Peer {
    /// Queues a command of the connection itself, to be acknowledged.
    pub(crate) fn queue_control(&mut self, stamp: &mut u32, command: Command) {
        let number = self.next_control_number();
        let header = CommandHeader {
            number,
            ..CommandHeader::CONTROL
        };
        let key = self.push(stamp, header, command, Bytes::new());
        self.unacknowledged_control.insert(header.number, key);
    }

    /// Queues `packet` as the commands its flags and size ask for.
    ///
    /// Source: `enet_peer_send`, ENet 1.3.18 `peer.c`.
    pub(crate) fn send(
        &mut self,
        stamp: &mut u32,
        channel_id: u8,
        packet: Packet,
        limits: SendLimits,
    ) -> Result<(), SendError> {
        if self.state != PeerState::Connected {
            return Err(SendError::NotConnected(self.state));
        }
        // What a fragment has around it; ENet reckons with it for whole packets, too.
        let frame = limits.datagram_overhead + CommandKind::SendFragment.size();
        let fragment_len = self.datagram_size() as usize - frame;
        let is_over_mtu = packet.len() + frame > self.mtu as usize;
        let gets_through = !is_over_mtu && self.path_may_carry(packet.len() + frame);
        let channel_count = self.channels.count();
        let channel = self
            .channels
            .get_mut(channel_id)
            .ok_or(SendError::NoSuchChannel {
                channel_id,
                channel_count,
            })?;
        let too_large = SendError::TooLarge {
            len: packet.len(),
            limit: limits.maximum_packet_size,
        };
        if packet.len() > limits.maximum_packet_size {
            return Err(too_large);
        }
        let (flags, exhausted) = (packet.flags(), channel.unreliable_exhausted());
        let reliable = flags.contains(PacketFlags::RELIABLE);
        let splits = if reliable || exhausted {
            packet.len() > fragment_len
        } else {
            !gets_through
        };
        if splits {
            let count =
                u32::try_from(packet.len().div_ceil(fragment_len)).map_err(|_| too_large)?;
            if count > PROTOCOL_MAXIMUM_FRAGMENT_COUNT {
                return Err(too_large);
            }
            // Up to the MTU a packet stays unreliable without that flag, whatever the path carries.
            let may_lose = flags.contains(PacketFlags::UNRELIABLE_FRAGMENT) || !is_over_mtu;
            let unreliable = !reliable && may_lose && !exhausted;
            self.queue_fragments(
                stamp,
                channel_id,
                packet.data(),
                fragment_len,
                count,
                !unreliable,
            );
            return Ok(());
        }
        let len = u16::try_from(packet.len()).expect("it fits one datagram");
        let data = packet.into_data();
        if flags.contains(PacketFlags::UNSEQUENCED) && !reliable {
            self.queue_unsequenced(stamp, channel_id, len, data);
        } else if reliable || exhausted {
            self.queue_reliable(stamp, channel_id, data, |_| Command::SendReliable { len });
        } else {
            let (epoch, number) = channel.next_unreliable();
            let header = CommandHeader {
                acknowledge: false,
                unsequenced: false,
                channel_id,
                number: epoch,
            };
            self.push(stamp, header, Command::SendUnreliable { number, len }, data);
        }
        Ok(())
    }

    fn queue_fragments(
        &mut self,
        stamp: &mut u32,
        channel_id: u8,
        data: &Bytes,
        size: usize,
        count: u32,
        reliable: bool,
    ) {
        let wire = |len: usize| {
            u32::try_from(len).expect("fewer than 2^20 fragments of fewer than 2^12 bytes")
        };
        let mut start = None;
        let mut unreliable = None;
        for number in 0..count {
            let offset = number as usize * size;
            let payload = data.slice(offset..data.len().min(offset + size));
            let fragment = Fragment {
                start: 0,
                len: u16::try_from(payload.len()).expect("a fragment fits one datagram"),
                count,
                number,
                total: wire(data.len()),
                offset: wire(offset),
            };
            if reliable {
                self.queue_reliable(stamp, channel_id, payload, |own| {
                    Command::SendFragment(Fragment {
                        start: *start.get_or_insert(own),
                        ..fragment
                    })
                });
            } else if let Some(channel) = self.channels.get_mut(channel_id) {
                let (epoch, start) = *unreliable.get_or_insert_with(|| channel.next_unreliable());
                let header = CommandHeader {
                    acknowledge: false,
                    unsequenced: false,
                    channel_id,
                    number: epoch,
                };
                self.push(
                    stamp,
                    header,
                    Command::SendUnreliableFragment(Fragment { start, ..fragment }),
                    payload,
                );
            }
        }
    }

    fn queue_unsequenced(&mut self, stamp: &mut u32, channel_id: u8, len: u16, data: Bytes) {
        self.outgoing_group = self.outgoing_group.wrapping_add(1);
        let header = CommandHeader {
            acknowledge: false,
            unsequenced: true,
            channel_id,
            number: 0,
        };
        self.push(
            stamp,
            header,
            Command::SendUnsequenced {
                group: self.outgoing_group,
                len,
            },
            data,
        );
    }

    /// Queues a reliable command with a packet; `command` gets the number.
    fn queue_reliable(
        &mut self,
        stamp: &mut u32,
        channel_id: u8,
        payload: Bytes,
        command: impl FnOnce(u16) -> Command,
    ) {
        let channel = self
            .channels
            .get_mut(channel_id)
            .expect("send checked that the channel exists");
        let number = channel.next_reliable();
        let header = CommandHeader {
            acknowledge: true,
            unsequenced: false,
            channel_id,
            number,
        };
        let key = self.push(stamp, header, command(number), payload);
        if let Some(channel) = self.channels.used(channel_id) {
            channel.unacknowledged.insert(number, key);
        }
    }

    /// Inlined for the reason that [`OutgoingQueues::push`](super::outgoing::OutgoingQueues::push) is.
    #[inline(always)]
    fn push(
        &mut self,
        stamp: &mut u32,
        header: CommandHeader,
        command: Command,
        payload: Bytes,
    ) -> super::outgoing::Key {
        *stamp = stamp.wrapping_add(1);
        let item = Outgoing::new(header, command, payload, *stamp);
        self.outgoing_total = self
            .outgoing_total
            .wrapping_add(u32::try_from(item.wire_len()).unwrap_or(u32::MAX));
        let queue = match (item.has_packet() && header.acknowledge, &self.recovery.fast) {
            (false, _) => Queue::Control,
            (true, None) => Queue::Reliable,
            (true, Some(_)) => Queue::Backlog,
        };
        self.queues.push(queue, item)
    }
}

/// What a host demands of packets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SendLimits {
    pub(crate) maximum_packet_size: usize,
    /// Bytes of a datagram that no command can use: header and checksum.
    pub(crate) datagram_overhead: usize,
}

const _: () = assert!(
    CONTROL_CHANNEL == 0xFF,
    "channels are 0..255, so the control channel is none of them"
);
