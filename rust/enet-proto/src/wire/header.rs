//! [`ProtocolHeader`]: the first two or four bytes of a datagram.

use super::Reader;
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;

const FLAG_SENT_TIME: u16 = 0x8000;
const FLAG_COMPRESSED: u16 = 0x4000;
const SESSION_SHIFT: u16 = 12;
const SESSION_MASK: u16 = 3;

/// Who a datagram is for, and how its body is packed.
///
/// Source: `ENetProtocolHeader`, ENet 1.3.18 `protocol.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProtocolHeader {
    /// The sender's slot in the receiver's table, or [`PROTOCOL_MAXIMUM_PEER_ID`] for "no slot yet".
    pub(crate) peer_id: u16,
    /// The sender's outgoing session, 0..4.
    pub(crate) session: u8,
    /// Whether the body is compressed.
    pub(crate) compressed: bool,
    /// Low 16 bits of the sender's clock; present exactly when a command in the body wants an acknowledgement.
    pub(crate) sent_time: Option<u16>,
}

impl ProtocolHeader {
    /// Most bytes that a header takes.
    pub(crate) const MAXIMUM_LEN: usize = 4;

    /// Reads the header; `None` if `datagram` is shorter than it.
    pub(crate) fn decode(datagram: &[u8]) -> Option<Self> {
        let word = u16::from_be_bytes(*datagram.first_chunk()?);
        let sent_time = if word & FLAG_SENT_TIME == 0 {
            None
        } else {
            Some(Reader(datagram.get(2..4)?).u16())
        };
        Some(Self {
            peer_id: word & PROTOCOL_MAXIMUM_PEER_ID,
            session: (word >> SESSION_SHIFT & SESSION_MASK) as u8,
            compressed: word & FLAG_COMPRESSED != 0,
            sent_time,
        })
    }

    /// Bytes the header takes: 2 or 4.
    pub(crate) const fn len(&self) -> usize {
        if self.sent_time.is_some() { 4 } else { 2 }
    }

    /// The header's bytes; the first [`len`](Self::len) count.
    pub(crate) fn encode(&self) -> [u8; 4] {
        let mut word = self.peer_id & PROTOCOL_MAXIMUM_PEER_ID;
        // Without a slot there is no session either.
        if self.peer_id < PROTOCOL_MAXIMUM_PEER_ID {
            word |= (u16::from(self.session) & SESSION_MASK) << SESSION_SHIFT;
        }
        if self.compressed {
            word |= FLAG_COMPRESSED;
        }
        if self.sent_time.is_some() {
            word |= FLAG_SENT_TIME;
        }
        let ([a, b], [c, d]) = (
            word.to_be_bytes(),
            self.sent_time.unwrap_or(0).to_be_bytes(),
        );
        [a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_survives_the_round_trip_and_every_cut_is_refused() {
        for word in 0..=u16::MAX {
            let bytes = [(word >> 8) as u8, (word & 0xFF) as u8, 0x12, 0x34];
            let header = ProtocolHeader::decode(&bytes).unwrap();
            assert_eq!(header.len(), if word & 0x8000 == 0 { 2 } else { 4 });
            for cut in 0..header.len() {
                assert_eq!(
                    ProtocolHeader::decode(&bytes[..cut]),
                    None,
                    "word {word:04x} cut at {cut}"
                );
            }
            let mut expected = bytes;
            if header.peer_id == PROTOCOL_MAXIMUM_PEER_ID {
                expected[0] &= 0xCF; // no session without a slot
            }
            assert_eq!(header.encode()[..header.len()], expected[..header.len()]);
        }
    }
}
