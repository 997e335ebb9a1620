//! A stranger's datagram at a server: whatever it is, it costs little and is answered by less.

use enet_proto::{Time, crc32};

use crate::codecs::codec;
use crate::wire::{End, address, config};

/// The first byte chooses compression and checksum, the others are the datagram.
pub(crate) fn run(data: &[u8]) {
    let Some((choice, datagram)) = data.split_first() else {
        return;
    };
    let checksum: Option<enet_proto::Checksum> = (choice & 0x80 != 0).then_some(crc32);
    let mut server = End::new(1, config(8, 1).checksum(checksum));
    let number = choice & 0x07;
    let compressor = (1..=4).contains(&number).then(|| codec(number - 1));
    server.host.set_compressor(compressor);
    let now = Time::from_millis(5000);
    server.host.handle_datagram(now, address(2), datagram);
    let sent = server.turn(now);
    let answered: usize = sent.iter().map(|datagram| datagram.data.len()).sum();
    assert!(
        answered <= datagram.len(),
        "{answered} bytes answer {}",
        datagram.len()
    );
}
