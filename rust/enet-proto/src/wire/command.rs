//! [`Command`]: what the body of a datagram is made of.

use super::{CONTROL_CHANNEL, Reader};

const FLAG_ACKNOWLEDGE: u8 = 0x80;
const FLAG_UNSEQUENCED: u8 = 0x40;
const KIND_MASK: u8 = 0x0F;

/// The number of a command; the order is the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum CommandKind {
    Acknowledge = 1,
    Connect = 2,
    VerifyConnect = 3,
    Disconnect = 4,
    Ping = 5,
    SendReliable = 6,
    SendUnreliable = 7,
    SendFragment = 8,
    SendUnsequenced = 9,
    BandwidthLimit = 10,
    ThrottleConfigure = 11,
    SendUnreliableFragment = 12,
}

impl CommandKind {
    const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Acknowledge,
            2 => Self::Connect,
            3 => Self::VerifyConnect,
            4 => Self::Disconnect,
            5 => Self::Ping,
            6 => Self::SendReliable,
            7 => Self::SendUnreliable,
            8 => Self::SendFragment,
            9 => Self::SendUnsequenced,
            10 => Self::BandwidthLimit,
            11 => Self::ThrottleConfigure,
            12 => Self::SendUnreliableFragment,
            _ => return None,
        })
    }

    /// Bytes of the fixed part, header included.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Ping => 4,
            Self::SendReliable => 6,
            Self::Acknowledge | Self::Disconnect | Self::SendUnreliable | Self::SendUnsequenced => {
                8
            }
            Self::BandwidthLimit => 12,
            Self::ThrottleConfigure => 16,
            Self::SendFragment | Self::SendUnreliableFragment => 24,
            Self::VerifyConnect => 44,
            Self::Connect => 48,
        }
    }
}

/// What every command begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommandHeader {
    /// Whether the receiver must acknowledge the command.
    pub(crate) acknowledge: bool,
    /// How the sender numbered it; receivers ignore this.
    pub(crate) unsequenced: bool,
    /// Channel, or [`CONTROL_CHANNEL`].
    pub(crate) channel_id: u8,
    /// Reliable sequence number; of an unreliable command, that of the reliable command it follows.
    pub(crate) number: u16,
}

impl CommandHeader {
    /// A command of the connection itself that wants an acknowledgement; its number comes when it is queued.
    pub(crate) const CONTROL: Self = Self {
        acknowledge: true,
        unsequenced: false,
        channel_id: CONTROL_CHANNEL,
        number: 0,
    };
}

/// The fields that CONNECT and VERIFY_CONNECT share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// The sender's slot for this connection.
    pub(crate) peer_id: u16,
    pub(crate) incoming_session: u8,
    pub(crate) outgoing_session: u8,
    pub(crate) mtu: u32,
    pub(crate) window_size: u32,
    pub(crate) channel_count: u32,
    pub(crate) incoming_bandwidth: u32,
    pub(crate) outgoing_bandwidth: u32,
    pub(crate) throttle_interval: u32,
    pub(crate) throttle_acceleration: u32,
    pub(crate) throttle_deceleration: u32,
    /// Opaque bytes, never swapped.
    pub(crate) connect_id: [u8; 4],
}

/// Place of a fragment in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Number of the message's first fragment: reliable for one kind, unreliable for the other.
    pub(crate) start: u16,
    /// Bytes of payload in this fragment.
    pub(crate) len: u16,
    /// Fragments of the message.
    pub(crate) count: u32,
    /// Index of this fragment.
    pub(crate) number: u32,
    /// Bytes of the message.
    pub(crate) total: u32,
    /// Where in the message the payload belongs.
    pub(crate) offset: u32,
}

/// A command without its header and payload.
///
/// Source: `ENetProtocol`, ENet 1.3.18 `protocol.h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Acknowledge {
        number: u16,
        sent_time: u16,
    },
    /// Boxed, as VERIFY_CONNECT is: they are rare and large, the queues hold many of the others.
    Connect {
        handshake: Box<Handshake>,
        data: u32,
    },
    VerifyConnect(Box<Handshake>),
    Disconnect {
        data: u32,
    },
    Ping,
    SendReliable {
        len: u16,
    },
    SendUnreliable {
        number: u16,
        len: u16,
    },
    SendFragment(Fragment),
    SendUnsequenced {
        group: u16,
        len: u16,
    },
    BandwidthLimit {
        incoming: u32,
        outgoing: u32,
    },
    ThrottleConfigure {
        interval: u32,
        acceleration: u32,
        deceleration: u32,
    },
    SendUnreliableFragment(Fragment),
}

impl Command {
    /// Reads the command at the front of `bytes`. `None` ends the walk through a datagram: fewer than four bytes,
    /// an unknown number, or a command cut short.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(CommandHeader, Self)> {
        let (&[first, channel_id, number_high, number_low], _) = bytes.split_first_chunk::<4>()?;
        let kind = CommandKind::from_number(first & KIND_MASK)?;
        let header = CommandHeader {
            acknowledge: first & FLAG_ACKNOWLEDGE != 0,
            unsequenced: first & FLAG_UNSEQUENCED != 0,
            channel_id,
            number: u16::from_be_bytes([number_high, number_low]),
        };
        let mut reader = Reader(bytes.get(4..kind.size())?);
        let r = &mut reader;
        let command = match kind {
            CommandKind::Acknowledge => Self::Acknowledge {
                number: r.u16(),
                sent_time: r.u16(),
            },
            CommandKind::Connect => Self::Connect {
                handshake: Box::new(Handshake::read(r)),
                data: r.u32(),
            },
            CommandKind::VerifyConnect => Self::VerifyConnect(Box::new(Handshake::read(r))),
            CommandKind::Disconnect => Self::Disconnect { data: r.u32() },
            CommandKind::Ping => Self::Ping,
            CommandKind::SendReliable => Self::SendReliable { len: r.u16() },
            CommandKind::SendUnreliable => Self::SendUnreliable {
                number: r.u16(),
                len: r.u16(),
            },
            CommandKind::SendFragment => Self::SendFragment(Fragment::read(r)),
            CommandKind::SendUnsequenced => Self::SendUnsequenced {
                group: r.u16(),
                len: r.u16(),
            },
            CommandKind::BandwidthLimit => Self::BandwidthLimit {
                incoming: r.u32(),
                outgoing: r.u32(),
            },
            CommandKind::ThrottleConfigure => Self::ThrottleConfigure {
                interval: r.u32(),
                acceleration: r.u32(),
                deceleration: r.u32(),
            },
            CommandKind::SendUnreliableFragment => Self::SendUnreliableFragment(Fragment::read(r)),
        };
        Some((header, command))
    }

    /// Appends the fixed part to `out`; the payload, if any, goes behind it.
    pub(crate) fn encode(&self, header: CommandHeader, out: &mut Vec<u8>) {
        let mut first = self.kind() as u8;
        if header.acknowledge {
            first |= FLAG_ACKNOWLEDGE;
        }
        if header.unsequenced {
            first |= FLAG_UNSEQUENCED;
        }
        let [number_high, number_low] = header.number.to_be_bytes();
        out.extend_from_slice(&[first, header.channel_id, number_high, number_low]);
        match self {
            Self::Acknowledge {
                number: a,
                sent_time: b,
            }
            | Self::SendUnreliable { number: a, len: b }
            | Self::SendUnsequenced { group: a, len: b } => {
                // Both fields at once: these are most of what is sent.
                put32(out, u32::from(*a) << 16 | u32::from(*b));
            }
            Self::Connect { handshake, data } => {
                handshake.write(out);
                put32(out, *data);
            }
            Self::VerifyConnect(handshake) => handshake.write(out),
            Self::Disconnect { data } => put32(out, *data),
            Self::Ping => {}
            Self::SendReliable { len } => put16(out, *len),
            Self::SendFragment(fragment) | Self::SendUnreliableFragment(fragment) => {
                fragment.write(out)
            }
            Self::BandwidthLimit { incoming, outgoing } => {
                put32(out, *incoming);
                put32(out, *outgoing);
            }
            Self::ThrottleConfigure {
                interval,
                acceleration,
                deceleration,
            } => {
                put32(out, *interval);
                put32(out, *acceleration);
                put32(out, *deceleration);
            }
        }
    }

    /// The command's number.
    pub(crate) const fn kind(&self) -> CommandKind {
        match self {
            Self::Acknowledge { .. } => CommandKind::Acknowledge,
            Self::Connect { .. } => CommandKind::Connect,
            Self::VerifyConnect(_) => CommandKind::VerifyConnect,
            Self::Disconnect { .. } => CommandKind::Disconnect,
            Self::Ping => CommandKind::Ping,
            Self::SendReliable { .. } => CommandKind::SendReliable,
            Self::SendUnreliable { .. } => CommandKind::SendUnreliable,
            Self::SendFragment(_) => CommandKind::SendFragment,
            Self::SendUnsequenced { .. } => CommandKind::SendUnsequenced,
            Self::BandwidthLimit { .. } => CommandKind::BandwidthLimit,
            Self::ThrottleConfigure { .. } => CommandKind::ThrottleConfigure,
            Self::SendUnreliableFragment(_) => CommandKind::SendUnreliableFragment,
        }
    }

    /// Length of the payload that follows the fixed part; `None` if the command carries none by kind.
    pub(crate) const fn payload_len(&self) -> Option<usize> {
        match self {
            Self::SendReliable { len }
            | Self::SendUnreliable { len, .. }
            | Self::SendUnsequenced { len, .. } => Some(*len as usize),
            Self::SendFragment(fragment) | Self::SendUnreliableFragment(fragment) => {
                Some(fragment.len as usize)
            }
            _ => None,
        }
    }
}

impl Handshake {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            peer_id: r.u16(),
            incoming_session: r.u8(),
            outgoing_session: r.u8(),
            mtu: r.u32(),
            window_size: r.u32(),
            channel_count: r.u32(),
            incoming_bandwidth: r.u32(),
            outgoing_bandwidth: r.u32(),
            throttle_interval: r.u32(),
            throttle_acceleration: r.u32(),
            throttle_deceleration: r.u32(),
            connect_id: r.take(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        put16(out, self.peer_id);
        out.extend_from_slice(&[self.incoming_session, self.outgoing_session]);
        for field in [
            self.mtu,
            self.window_size,
            self.channel_count,
            self.incoming_bandwidth,
            self.outgoing_bandwidth,
            self.throttle_interval,
            self.throttle_acceleration,
            self.throttle_deceleration,
        ] {
            put32(out, field);
        }
        out.extend_from_slice(&self.connect_id);
    }
}

impl Fragment {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            start: r.u16(),
            len: r.u16(),
            count: r.u32(),
            number: r.u32(),
            total: r.u32(),
            offset: r.u32(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        put16(out, self.start);
        put16(out, self.len);
        for field in [self.count, self.number, self.total, self.offset] {
            put32(out, field);
        }
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ping_has_the_reference_layout_and_rejects_every_cut() {
        let bytes = [0x85, 0xff, 0x00, 0x01]; // PING | ACKNOWLEDGE, channel 255, number 1
        let (header, command) = Command::decode(&bytes).unwrap();
        assert_eq!(
            (header, &command),
            (
                CommandHeader {
                    number: 1,
                    ..CommandHeader::CONTROL
                },
                &Command::Ping
            )
        );
        for cut in 0..bytes.len() {
            assert_eq!(Command::decode(&bytes[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn every_kind_survives_the_round_trip_at_its_size_and_every_cut_is_refused() {
        let mut known = 0;
        for first in 0..=u8::MAX {
            // The bits 0x30 are unused: read as nothing, written as zero.
            let bytes: Vec<u8> = std::iter::once(first & 0xCF)
                .chain((1..48).map(|i| i * 5))
                .collect();
            let Some((header, command)) = Command::decode(&bytes) else {
                assert!(
                    matches!(first & 0x0F, 0 | 13..),
                    "number {} is known",
                    first & 0x0F
                );
                continue;
            };
            known += 1;
            let size = command.kind().size();
            let mut out = Vec::new();
            command.encode(header, &mut out);
            assert_eq!(out, bytes[..size], "first byte {first:02x}");
            for cut in 0..size {
                assert_eq!(
                    Command::decode(&bytes[..cut]),
                    None,
                    "first byte {first:02x} cut at {cut}"
                );
            }
        }
        assert_eq!(known, 12 * 16);
    }

    #[test]
    fn a_queued_command_stays_small() {
        assert!(size_of::<Command>() <= 24, "{} bytes", size_of::<Command>());
    }
}
