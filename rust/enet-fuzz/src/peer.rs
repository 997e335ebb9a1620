//! A connected peer that sends whatever it likes: commands, fragments and their order come from the fuzzer, inside a
//! header that the host takes for its peer's.

use std::time::Duration;

use crate::reader::Reader;
use crate::wire::{End, config, connect};

/// Every piece: a byte for the time that passes, a byte for its length, and the commands.
pub(crate) fn run(data: &[u8]) {
    let mut server = End::new(1, config(4, 1));
    let mut client = End::new(2, config(1, 2));
    let mut now = connect(&mut client, &mut server);
    let Some(peer) = client.peer else {
        return;
    };
    client.host.ping(peer);
    let ping = client.turn(now);
    let Some(header) = ping.first().and_then(|ping| ping.data.get(..2)) else {
        return;
    };
    let mut reader = Reader::new(data);
    while !reader.is_empty() {
        now = now + Duration::from_millis(u64::from(reader.byte()) * 8);
        let len = usize::from(reader.byte());
        let sent_time = u16::try_from(now.as_millis() % (1 << 16)).expect("below 2^16");
        let datagram = [header, &sent_time.to_be_bytes(), reader.piece(len)].concat();
        server.host.handle_datagram(now, client.address, &datagram);
        server.turn(now);
    }
}
