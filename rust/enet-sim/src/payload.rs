//! Payloads that say what they are, so that the receiver can tell what it got.
#![expect(
    clippy::cast_possible_truncation,
    reason = "filler keeps the low bits on purpose"
)]

use enet_proto::PacketFlags;

/// Bytes of a [`Name`] in a payload, and the length of the shortest payload.
pub(crate) const HEADER: usize = 14;
/// Largest payload that is never split, at the default MTU and without a checksum.
pub(crate) const UNSPLIT: usize = 1392 - 28;

/// What a payload says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) connection: u32,
    /// The end that sent it, see [`crate::ledger`].
    pub(crate) sender: usize,
    pub(crate) channel_id: u8,
    /// Position among all that this end sent on this channel.
    pub(crate) index: u32,
    pub(crate) len: u32,
}

/// How a packet must behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Arrives exactly once, in order.
    Reliable,
    /// Arrives at most once, in order.
    Sequenced,
    /// Arrives at most once.
    Unsequenced,
}

impl Promise {
    /// What ENet promises for `flags` and a payload of `len` bytes.
    ///
    /// Source: `enet_peer_send`, ENet 1.3.18 `peer.c`: what is split and not marked as an unreliable fragment travels
    /// reliably, and a split packet cannot be unsequenced.
    pub(crate) fn of(flags: PacketFlags, len: usize) -> Self {
        let split = len > UNSPLIT;
        if flags.contains(PacketFlags::RELIABLE)
            || (split && !flags.contains(PacketFlags::UNRELIABLE_FRAGMENT))
        {
            Self::Reliable
        } else if flags.contains(PacketFlags::UNSEQUENCED) && !split {
            Self::Unsequenced
        } else {
            Self::Sequenced
        }
    }
}

impl Name {
    /// The payload with this name, at least [`HEADER`] bytes long.
    pub(crate) fn payload(self) -> Vec<u8> {
        let mut data = Vec::with_capacity(self.len as usize);
        data.extend(self.connection.to_be_bytes());
        data.extend([self.sender as u8, self.channel_id]);
        data.extend(self.index.to_be_bytes());
        data.extend(self.len.to_be_bytes());
        data.extend(
            (HEADER..self.len as usize)
                .map(|at| (at * 31 + (at >> 8) * 7 + self.index as usize) as u8),
        );
        data
    }

    /// Reads the name of a payload; fails if it is not, to the last byte, what its name says.
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?));
        let name = Self {
            connection: number(0)?,
            sender: usize::from(*data.get(4)?),
            channel_id: *data.get(5)?,
            index: number(6)?,
            len: number(10)?,
        };
        (data.len() == name.len as usize && data == name.payload()).then_some(name)
    }
}
