//! [`Connect`]: the datagram by which a client of ENet asks for a connection.

use crate::random::Random;

/// A datagram with one CONNECT as Godot's clients send it, of which every copy asks for another connection.
///
/// Source: ENet 1.3.18 `protocol.h`, `ENetProtocolHeader` and `ENetProtocolConnect`.
pub(crate) struct Connect([u8; Self::LEN as usize]);

impl Connect {
    /// Bytes of the datagram.
    pub(crate) const LEN: u16 = 52;
    const SENT_TIME: usize = 2;
    const PEER_ID: usize = 8;
    const CONNECT_ID: usize = 44;
    const DATA: usize = 48;

    pub(crate) fn new() -> Self {
        let mut bytes = [0; Self::LEN as usize];
        // No peer yet, a sent time; CONNECT that wants an acknowledgement, control channel, number 1; no sessions yet.
        bytes[..2].copy_from_slice(&[0x8F, 0xFF]);
        bytes[4..8].copy_from_slice(&[0x82, 0xFF, 0, 1]);
        bytes[10..12].copy_from_slice(&[0xFF, 0xFF]);
        // MTU, window, channels, bandwidths, and the throttle's interval, acceleration and deceleration.
        let terms: [u32; 8] = [1392, 65_536, 8, 0, 0, 5000, 2, 2];
        for (field, value) in bytes[12..Self::CONNECT_ID].chunks_exact_mut(4).zip(terms) {
            field.copy_from_slice(&value.to_be_bytes());
        }
        Self(bytes)
    }

    /// The same for another connection: everything that differs between clients is drawn.
    pub(crate) fn redrawn(&mut self, random: &mut Random) -> &[u8; Self::LEN as usize] {
        let [a, b, c, d, e, f, g, h] = random.next().to_be_bytes();
        let [i, j, ..] = random.next().to_be_bytes();
        self.0[Self::SENT_TIME..][..2].copy_from_slice(&[a, b]);
        // The client's own number for the connection, and the id that it wants in Godot, 31 bits.
        self.0[Self::PEER_ID..][..2].copy_from_slice(&[0, c]);
        self.0[Self::CONNECT_ID..][..4].copy_from_slice(&[d, e, f, g]);
        self.0[Self::DATA..][..4].copy_from_slice(&[h & 0x7F, i, j, 2]);
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_where_clients_do_and_nowhere_else() {
        let (mut connect, mut random) = (Connect::new(), Random::new(7));
        let (one, other) = (*connect.redrawn(&mut random), *connect.redrawn(&mut random));
        let same = [0..2, 4..8, 10..44];
        assert!(
            same.into_iter()
                .all(|range| one[range.clone()] == other[range])
        );
        let differing = [2..4, 8..10, 44..48, 48..52];
        assert!(
            differing
                .into_iter()
                .all(|range| one[range.clone()] != other[range])
        );
    }
}
