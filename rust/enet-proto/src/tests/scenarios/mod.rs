//! Scenarios on simulated hosts in virtual time, by subject.
#![expect(
    clippy::cast_possible_truncation,
    reason = "payloads and random choices keep the low bits on purpose"
)]

mod admission;
mod alternatives;
mod bans;
mod connecting;
mod counters;
mod decompression;
mod disconnecting;
mod flow;
mod garbage;
mod goodbyes;
mod half_open;
mod hostile;
mod limits;
mod locating;
mod memory;
mod path_mtu;
mod rates;
mod recovery;
mod sending;
mod strangers;
mod times;
mod waiting;
mod wrapping;

use super::pair::{Pair, Setup, config, millis};

/// A reproducible payload of `len` bytes.
fn payload(len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (index * 31 + (index >> 8) * 7) as u8)
        .collect()
}

/// `count` payloads that hold their number, big-endian.
fn numbered(count: u32) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| number.to_be_bytes().to_vec())
        .collect()
}

/// The numbers in received payloads made by [`numbered`].
fn numbers(received: &[&[u8]]) -> Vec<u32> {
    received
        .iter()
        .map(|data| u32::from_be_bytes(data[..4].try_into().expect("4 bytes")))
        .collect()
}

/// A hand-made datagram; the layouts are those of the protocol description, not those of the engine.
#[derive(Clone)]
struct Raw(Vec<u8>);

impl Raw {
    /// To the peer in slot `peer_id`, session 0, without a sent time.
    fn untimed(peer_id: u16) -> Self {
        Self(peer_id.to_be_bytes().to_vec())
    }

    /// As [`untimed`](Self::untimed), with a sent time.
    fn timed(peer_id: u16, sent_time: u16) -> Self {
        Self([(0x8000 | peer_id).to_be_bytes(), sent_time.to_be_bytes()].concat())
    }

    fn command(mut self, first_byte: u8, channel_id: u8, number: u16, rest: &[u8]) -> Self {
        self.0.extend([first_byte, channel_id]);
        self.0.extend(number.to_be_bytes());
        self.0.extend(rest);
        self
    }

    /// DISCONNECT, flagged or not.
    fn disconnect(self, flagged: bool, number: u16, data: u32) -> Self {
        self.command(
            if flagged { 0x84 } else { 0x44 },
            0xFF,
            number,
            &data.to_be_bytes(),
        )
    }

    /// An acknowledgement of `number` on `channel_id`.
    fn acknowledge(self, channel_id: u8, number: u16, echo: u16) -> Self {
        self.command(
            0x01,
            channel_id,
            number,
            &[number.to_be_bytes(), echo.to_be_bytes()].concat(),
        )
    }

    fn reliable(self, channel_id: u8, number: u16, data: &[u8]) -> Self {
        self.command(0x86, channel_id, number, &[&u16_len(data), data].concat())
    }

    /// A fragment; 0x88 is a reliable one, 0x0C an unreliable one.
    fn fragment(
        self,
        first_byte: u8,
        channel_id: u8,
        number: u16,
        fragment: Fragment,
        data: &[u8],
    ) -> Self {
        let Fragment {
            start,
            count,
            index,
            total,
            offset,
        } = fragment;
        let mut rest = [start.to_be_bytes(), u16_len(data)].concat();
        for field in [count, index, total, offset] {
            rest.extend(field.to_be_bytes());
        }
        rest.extend(data);
        self.command(first_byte, channel_id, number, &rest)
    }
}

/// The fields of a fragment that are its own.
#[derive(Clone, Copy)]
struct Fragment {
    start: u16,
    count: u32,
    index: u32,
    total: u32,
    offset: u32,
}

impl Fragment {
    /// The first of two, of a channel's first message of `total` bytes.
    const fn first_of_two(total: usize) -> Self {
        Self {
            start: 1,
            count: 2,
            index: 0,
            total: total as u32,
            offset: 0,
        }
    }
}

fn u16_len(data: &[u8]) -> [u8; 2] {
    u16::try_from(data.len())
        .expect("a payload of one datagram")
        .to_be_bytes()
}

/// A CONNECT as C ENet sends it with default settings, to be changed at will.
struct RawConnect {
    peer_id: u16,
    channel_count: u32,
    mtu: u32,
    connect_id: [u8; 4],
}

impl Default for RawConnect {
    fn default() -> Self {
        Self {
            peer_id: 0,
            channel_count: 2,
            mtu: 1392,
            connect_id: *b"abcd",
        }
    }
}

impl RawConnect {
    fn datagram(&self) -> Vec<u8> {
        let mut rest = self.peer_id.to_be_bytes().to_vec();
        rest.extend([0xFF, 0xFF]);
        for field in [self.mtu, 65_536, self.channel_count, 0, 0, 5000, 2, 2] {
            rest.extend(field.to_be_bytes());
        }
        rest.extend(self.connect_id);
        rest.extend(7_u32.to_be_bytes());
        Raw::timed(0xFFF, 1000).command(0x82, 0xFF, 1, &rest).0
    }
}
