//! Many small messages in one flush: processor time and allocations of both sides.

use anyhow::Result;
use enet_proto::PacketFlags;

use crate::c_enet::CHost;
use crate::clock::process_cpu_of;
use crate::memory::counted;
use crate::party::{self, Happening, Party, connect};
use crate::row::{Line, Mark, Setup};
use crate::stats::{Summary, interleaved};

pub(super) const NAME: &str = "messages";

/// Messages of one flush.
const BATCH: usize = 64;

/// Whether the mark for systems with UDP_SEGMENT holds.
const MARK: Mark = Mark::Ratio(if cfg!(target_os = "linux") { 0.6 } else { 0.8 });

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let batches = setup.pick(2000, 200);
    let rounds = setup.pick(11, 3);
    let mut lines = Vec::new();
    for (what, flags, len) in [
        ("64 B unreliable", PacketFlags::NONE, 64),
        ("100 B reliable", PacketFlags::RELIABLE, 100),
    ] {
        let mut c = Exchange::new(CHost::local(1, 1), CHost::local(1, 1), flags, len);
        let mut ours = Exchange::new(party::ours(1, false), party::ours(1, false), flags, len);
        let [baseline, measured] = interleaved(
            rounds,
            &mut [&mut || c.nanos(batches), &mut || ours.nanos(batches)],
        );
        lines.push(Line {
            row: NAME,
            work: format!("{what} messages, 64 a flush, both sides: CPU of a message"),
            unit: "ns",
            beside: "C ENet",
            baseline: Some(baseline),
            ours: measured,
            mark: MARK,
        });
        let [_, of_c] = counted(|| c.run(batches));
        let [of_ours, _] = counted(|| ours.run(batches));
        let each = |allocations: u64| Summary::of(&[allocations as f64 / (batches * BATCH) as f64]);
        lines.push(Line {
            row: NAME,
            work: format!("{what} messages, 64 a flush, both sides: allocations for a message"),
            unit: "",
            beside: "C ENet",
            baseline: Some(each(of_c.allocations)),
            ours: each(of_ours.allocations),
            mark: Mark::AtMost(1.0),
        });
    }
    Ok(lines)
}

/// Two endpoints of one kind, connected.
struct Exchange<P: Party> {
    sender: P,
    receiver: P,
    peer: P::Peer,
    flags: PacketFlags,
    payload: Vec<u8>,
}

impl<P: Party> Exchange<P> {
    fn new(mut sender: P, mut receiver: P, flags: PacketFlags, len: usize) -> Self {
        let (peers, _) = connect(&mut sender, &mut receiver, 1, 1);
        Self {
            sender,
            receiver,
            peer: peers[0].clone(),
            flags,
            payload: vec![7; len],
        }
    }

    fn nanos(&mut self, batches: usize) -> f64 {
        let spent = process_cpu_of(|| self.run(batches));
        spent.as_nanos() as f64 / (batches * BATCH) as f64
    }

    fn run(&mut self, batches: usize) {
        for _ in 0..batches {
            for _ in 0..BATCH {
                self.sender.send(&self.peer, self.flags, &self.payload);
            }
            self.sender.flush();
            // Loopback delivers before the send returns: one look finds all, and the throttle has no cause to drop.
            while let Some(happening) = self.receiver.next() {
                assert!(matches!(happening, Happening::Received(_)));
            }
            while self.sender.next().is_some() {}
        }
    }
}
