//! Many small messages in one flush: processor time and allocations of both sides.

use anyhow::Result;
use enet_proto::{Packet, PacketFlags};

use crate::clock::process_cpu_of;
use crate::memory::counted;
use crate::party::{self, Happening, Party, connect};
use crate::row::{Line, Mark, Setup};
use crate::rusty::RustyHost;
use crate::stats::{Summary, interleaved};
use c_enet::CHost;

pub(super) const NAME: &str = "messages";

/// Messages of one flush.
const BATCH: usize = 64;

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let batches = setup.pick(2000, 200);
    let rounds = setup.pick(11, 3);
    let mut lines = Vec::new();
    for (what, flags, len) in [
        ("64 B unreliable", PacketFlags::NONE, 64),
        ("100 B reliable", PacketFlags::RELIABLE, 100),
    ] {
        let mut c = Exchange::new(CHost::local(1, 1), CHost::local(1, 1));
        let mut ours = Exchange::new(party::ours(1, false), party::ours(1, false));
        let payload = vec![7; len];
        let mut rusty = Exchange::new(RustyHost::local(1, 1), RustyHost::local(1, 1));
        let [of_c, of_rusty, measured] = interleaved(
            rounds,
            &mut [
                &mut || c.nanos(batches, flags, &payload),
                &mut || rusty.nanos(batches, flags, &payload),
                &mut || ours.nanos(batches, flags, &payload),
            ],
        );
        for (beside, baseline, mark) in [
            ("C ENet", of_c, Mark::Ratio(0.6)),
            ("rusty_enet", of_rusty, Mark::Shown),
        ] {
            lines.push(Line {
                row: NAME,
                work: format!("{what} messages, 64 a flush, both sides: CPU of a message"),
                unit: "ns",
                beside,
                baseline: Some(baseline),
                ours: measured,
                mark,
            });
        }
        let [_, of_c] = counted(|| {
            c.run(batches, |host, peer| {
                Party::send(host, peer, flags, &payload);
            });
        });
        let packet = Packet::new(payload, flags);
        let [of_ours, _] = counted(|| {
            ours.run(batches, |_, peer| {
                peer.send(0, packet.clone()).expect("the peer is connected");
            });
        });
        // To a hundredth: what grows now and then in a run does not count.
        let each = |allocations: u64| {
            let exact = allocations as f64 / (batches * BATCH) as f64;
            Summary::of(&[(exact * 100.0).round() / 100.0])
        };
        lines.push(Line {
            row: NAME,
            work: format!(
                "{what} messages, 64 a flush, both sides: allocations for a message, \
                 of ours with one payload for all, as in a broadcast"
            ),
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
}

impl<P: Party> Exchange<P> {
    fn new(mut sender: P, mut receiver: P) -> Self {
        let (peers, _) = connect(&mut sender, &mut receiver, 1, 1);
        Self {
            sender,
            receiver,
            peer: peers[0].clone(),
        }
    }

    /// Processor time of a message whose payload is copied for each.
    fn nanos(&mut self, batches: usize, flags: PacketFlags, payload: &[u8]) -> f64 {
        let send = |sender: &mut P, peer: &P::Peer| sender.send(peer, flags, payload);
        let spent = process_cpu_of(|| self.run(batches, send));
        spent.as_nanos() as f64 / (batches * BATCH) as f64
    }

    fn run(&mut self, batches: usize, send: impl Fn(&mut P, &P::Peer)) {
        for _ in 0..batches {
            for _ in 0..BATCH {
                send(&mut self.sender, &self.peer);
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
