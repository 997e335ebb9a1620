//! [`Packet`]: what an application sends and receives, and the flags that choose how it travels.

use std::ops::BitOr;

use bytes::Bytes;

/// How a packet travels; combine with `|`.
///
/// Source: `ENetPacketFlag`, ENet 1.3.18 `enet.h`, the flags that matter on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PacketFlags(u8);

impl PacketFlags {
    /// Unreliable but in order: late packets are dropped. Above the MTU it travels reliably.
    pub const NONE: Self = Self(0);
    /// Resent until acknowledged, delivered in order.
    pub const RELIABLE: Self = Self(1);
    /// Unreliable, delivered as it comes, each copy once.
    pub const UNSEQUENCED: Self = Self(2);
    /// Above the MTU the packet is split into unreliable fragments instead of reliable ones.
    pub const UNRELIABLE_FRAGMENT: Self = Self(8);

    const KNOWN: u32 = 1 | 2 | 8;

    /// The flags with these ENet bits, or `None` if one has no meaning to a sender.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only bits 1, 2 and 8 pass the test"
    )]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::KNOWN == 0 {
            Some(Self(bits as u8))
        } else {
            None
        }
    }

    /// ENet's bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for PacketFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A payload and its flags. Cloning shares the bytes, so one packet serves a whole broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packet {
    data: Bytes,
    flags: PacketFlags,
}

impl Packet {
    /// A packet of `data` that travels as `flags` say.
    #[must_use]
    pub fn new(data: impl Into<Bytes>, flags: PacketFlags) -> Self {
        Self {
            data: data.into(),
            flags,
        }
    }

    /// A packet that is resent until acknowledged.
    #[must_use]
    pub fn reliable(data: impl Into<Bytes>) -> Self {
        Self::new(data, PacketFlags::RELIABLE)
    }

    /// A packet that may be lost but never arrives after a newer one; its fragments are unreliable too.
    #[must_use]
    pub fn unreliable(data: impl Into<Bytes>) -> Self {
        Self::new(data, PacketFlags::UNRELIABLE_FRAGMENT)
    }

    /// A packet that may be lost and arrives whenever it comes.
    #[must_use]
    pub fn unsequenced(data: impl Into<Bytes>) -> Self {
        Self::new(
            data,
            PacketFlags::UNSEQUENCED | PacketFlags::UNRELIABLE_FRAGMENT,
        )
    }

    /// The payload.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The payload, without the flags.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        self.data
    }

    /// The flags; on a received packet 1 (reliable), 0, 2 (unsequenced) or 8 (unreliable fragments), as it travelled.
    #[must_use]
    pub const fn flags(&self) -> PacketFlags {
        self.flags
    }

    /// Bytes of payload.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether the payload is empty; such packets are legal and arrive.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}
