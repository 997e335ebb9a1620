//! [`stream`]: how long the messages of a game take.

use std::time::Duration;

use crate::world::{Path, Sender, World};

/// The stream's channel; a transfer beside it uses channel 0.
const CHANNEL: u8 = 1;
/// Time given to what is still under way at the end.
const LINGER_MICROS: u64 = 300_000_000;

/// Reliable messages at even intervals.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Who sends.
    pub sender: Sender,
    /// Bytes of each message.
    pub bytes: usize,
    /// Time between two.
    pub interval: Duration,
    /// How many are measured, after a hundred that are not.
    pub messages: usize,
    /// Bytes of transfers beside it on another channel of the same connection.
    pub beside_bytes: usize,
}

/// Delivery times from the call that sends to the receiver's program, and what the stream cost.
#[derive(Debug, Clone)]
pub struct StreamReport {
    /// Of each message, shortest first.
    pub delays: Vec<Duration>,
    /// Bytes on the wire for each byte that would have left without any loss or repetition: the messages, a command
    /// and a header each.
    pub overhead: f64,
}

impl StreamReport {
    /// The delay that all but `per_mille` in a thousand messages stayed within: 500 is the median, 10 is p99, 1 p99.9.
    ///
    /// # Panics
    /// If nothing was measured.
    #[must_use]
    pub fn all_but(&self, per_mille: usize) -> Duration {
        let last = self.delays.len() - 1;
        self.delays[last - last * per_mille / 1000]
    }
}

/// Runs the stream.
///
/// # Panics
/// If a message does not arrive within minutes, or the connection ends.
#[must_use]
pub fn stream(path: &Path, stream: &Stream) -> StreamReport {
    const UNMEASURED: usize = 100;
    /// A command and its header, and the datagram's header.
    const HEADERS: usize = 6 + 4;
    let mut world = World::connected(path, &[stream.sender]);
    let packets = stream.beside_bytes / 65_536;
    for _ in 0..packets {
        world.send(0, 0, vec![0x5A; 65_536]);
    }
    let total = UNMEASURED + stream.messages;
    let interval = u64::try_from(stream.interval.as_micros()).expect("intervals are short");
    let start = world.now_micros;
    let mut usage_before = world.usage(0);
    for message in 0..total {
        if message == UNMEASURED {
            usage_before = world.usage(0);
        }
        let mut data = vec![0; stream.bytes];
        data[..8].copy_from_slice(&world.now_micros.to_le_bytes());
        world.send(0, CHANNEL, data);
        world.run_until(start + (message as u64 + 1) * interval, |_| false);
    }
    let bytes = world.usage(0).bytes - usage_before.bytes;
    let end = world.now_micros + LINGER_MICROS;
    let arrived = |world: &World| {
        world
            .received
            .iter()
            .filter(|one| one.channel_id == CHANNEL)
            .count()
    };
    world.run_until(end, |world| arrived(world) == total);
    assert_eq!(arrived(&world), total, "every message arrives");
    let of_stream = world
        .received
        .iter()
        .filter(|one| one.channel_id == CHANNEL);
    let mut delays: Vec<Duration> = of_stream
        .skip(UNMEASURED)
        .map(|one| {
            let sent = *one.packet.data().first_chunk().expect("it holds its time");
            Duration::from_micros(one.at_micros - u64::from_le_bytes(sent))
        })
        .collect();
    delays.sort_unstable();
    StreamReport {
        delays,
        overhead: bytes as f64 / (stream.messages * (stream.bytes + HEADERS)) as f64,
    }
}
