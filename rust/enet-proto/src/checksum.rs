//! ENet's standard checksum.

/// CRC-32 as in zip and Ethernet: `crc32(b"123456789")` is `0xCBF43926`.
///
/// Source: `enet_crc32`, ENet 1.3.18 `packet.c`.
#[must_use]
pub fn crc32(data: &[u8]) -> u32 {
    crc32fast::hash(data)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::tests::vectors::{bytes, hex, load};

    #[derive(Deserialize)]
    struct Crc {
        len: usize,
        crc: String,
        wire: String,
        data: String,
    }

    #[test]
    fn all_51_recorded_checksums_are_equal_and_travel_big_endian() {
        let records: Vec<Crc> = load("crc32_pairs");
        for record in &records {
            let data = bytes(&record.data);
            assert_eq!(data.len(), record.len);
            assert_eq!(format!("{:08x}", crc32(&data)), record.crc);
            assert_eq!(hex(&crc32(&data).to_be_bytes()), record.wire);
        }
        assert_eq!(records.len(), 51);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
