//! Payloads that say what they are, so that the receiver can tell what it got.
#![expect(
    clippy::cast_possible_truncation,
    reason = "filler keeps the low bits on purpose"
)]

use super::{Promise, UNFRAGMENTED};
use crate::PacketFlags;

/// What a payload says about itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) connection: usize,
    pub(super) sender: usize,
    pub(super) channel_id: u8,
    pub(super) index: usize,
}

/// Bytes of a name in a payload, and the shortest payload.
pub(super) const HEADER: usize = 10;

impl Name {
    pub(super) fn of(data: &[u8]) -> Self {
        let number = |range: std::ops::Range<usize>| {
            u32::from_be_bytes(data[range].try_into().expect("4 bytes")) as usize
        };
        Self {
            connection: number(0..4),
            sender: data[4].into(),
            channel_id: data[5],
            index: number(6..10),
        }
    }
}

pub(super) fn payload(name: Name, len: usize) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).expect("small").to_be_bytes();
    let sender = u8::try_from(name.sender).expect("0 or 1");
    let mut data = [
        &number(name.connection)[..],
        &[sender, name.channel_id],
        &number(name.index),
    ]
    .concat();
    data.extend(
        (HEADER..len).map(|position| (position * 31 + (position >> 8) * 7 + name.index) as u8),
    );
    data
}

pub(super) fn promise(flags: PacketFlags, len: usize) -> Promise {
    let split = len > UNFRAGMENTED;
    if flags.contains(PacketFlags::RELIABLE)
        || (split && !flags.contains(PacketFlags::UNRELIABLE_FRAGMENT))
    {
        Promise::Reliable
    } else if flags.contains(PacketFlags::UNSEQUENCED) && !split {
        Promise::Unsequenced
    } else {
        Promise::Sequenced
    }
}
