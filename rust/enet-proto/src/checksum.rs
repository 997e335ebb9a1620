//! ENet's standard checksum.

/// CRC-32 as in zip and Ethernet: `crc32(b"123456789")` is `0xCBF43926`.
///
/// Source: `enet_crc32`, ENet 1.3.18 `packet.c`.
#[must_use]
pub fn crc32(data: &[u8]) -> u32 {
    crc32fast::hash(data)
}
