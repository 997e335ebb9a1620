//! [`bulk`]: how fast many bytes arrive.

use std::time::Duration;

use crate::world::{Path, Sender, World};

/// Size of the packets a transfer consists of.
const PACKET_BYTES: usize = 64 * 1024;
/// Virtual time after which a transfer counts as failed.
const LONGEST_TRANSFER_MICROS: u64 = 600_000_000;

/// A transfer by each of `senders`, all beginning at once.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// Who sends.
    pub senders: Vec<Sender>,
    /// How much each sends, in packets of 64 KiB on channel 0.
    pub bytes: usize,
}

/// What became of one transfer.
#[derive(Debug, Clone, Copy)]
pub struct BulkReport {
    /// Bytes of payload that the receiver took, per second, until the first of the transfers was complete.
    pub bytes_per_second: f64,
    /// Share of the datagrams sent that the queue in front of the link dropped.
    pub queue_loss: f64,
    /// Datagrams that found the receiver's socket buffer full, of all transfers.
    pub overflowed: u64,
    /// Bytes on the wire for each byte of payload taken.
    pub overhead: f64,
    /// Mean wait in the queue, of all transfers.
    pub queue_delay: Duration,
}

/// Runs the transfers until the first is complete; a report for each.
///
/// # Panics
/// If none is complete after ten minutes of virtual time, or a connection ends.
#[must_use]
pub fn bulk(path: &Path, bulk: &Bulk) -> Vec<BulkReport> {
    let mut world = World::connected(path, &bulk.senders);
    let start = world.now_micros;
    for sender in 0..bulk.senders.len() {
        for _ in 0..bulk.bytes / PACKET_BYTES {
            world.send(sender, 0, vec![0x5A; PACKET_BYTES]);
        }
    }
    let taken = |world: &World, sender: usize| {
        let of_sender = world.received.iter().filter(|one| one.sender == sender);
        of_sender.map(|one| one.packet.len()).sum::<usize>()
    };
    let count = bulk.senders.len();
    world.run_until(start + LONGEST_TRANSFER_MICROS, |world| {
        (0..count).any(|sender| taken(world, sender) >= bulk.bytes)
    });
    let elapsed = Duration::from_micros(world.now_micros - start);
    assert!(
        (0..count).any(|sender| taken(&world, sender) >= bulk.bytes),
        "no transfer is complete after {elapsed:?}"
    );
    let report = |sender| {
        let (usage, taken) = (world.usage(sender), taken(&world, sender) as f64);
        BulkReport {
            bytes_per_second: taken / elapsed.as_secs_f64(),
            queue_loss: usage.dropped as f64 / usage.datagrams as f64,
            overflowed: world.overflowed(),
            overhead: usage.bytes as f64 / taken,
            queue_delay: world.mean_queue_delay(),
        }
    };
    (0..count).map(report).collect()
}
