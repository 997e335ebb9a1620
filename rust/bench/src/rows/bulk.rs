//! Much reliable data over loopback to a vanilla peer: processor time of both sides.

use anyhow::Result;
use enet_proto::PacketFlags;

use crate::clock::process_cpu_of;
use crate::party::{self, Happening, Party, connect};
use crate::row::{Line, Mark, Setup};
use crate::rusty::RustyHost;
use crate::stats::interleaved;
use c_enet::CHost;

pub(super) const NAME: &str = "bulk";

const PACKET: usize = 64 * 1024;
const MEBIBYTE: usize = 1024 * 1024;
/// Packets queued and not yet received: enough to keep the sender busy.
const AHEAD: usize = 16;

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let bytes = setup.pick(256, 16) * MEBIBYTE;
    let rounds = setup.pick(5, 3);
    let [of_c, of_rusty, ours] = interleaved(
        rounds,
        &mut [
            &mut || micros_per_megabyte(CHost::local(1, 1), bytes),
            &mut || micros_per_megabyte(RustyHost::local(1, 1), bytes),
            &mut || micros_per_megabyte(party::ours(1, false), bytes),
        ],
    );
    let beside = [
        ("C ENet", of_c, Mark::Ratio(0.5)),
        ("rusty_enet", of_rusty, Mark::Shown),
    ];
    let lines = beside.map(|(beside, baseline, mark)| Line {
        row: NAME,
        work: format!(
            "{} MiB reliable in 64 KiB packets to a C ENet peer, CPU of both sides for a MB",
            bytes / MEBIBYTE
        ),
        unit: "µs",
        beside,
        baseline: Some(baseline),
        ours,
        mark,
    });
    Ok(lines.into())
}

fn micros_per_megabyte<P: Party>(mut sender: P, bytes: usize) -> f64 {
    let mut receiver = CHost::local(1, 1);
    let (peers, _) = connect(&mut sender, &mut receiver, 1, 1);
    let payload = vec![7; PACKET];
    let count = bytes / PACKET;
    let spent = process_cpu_of(|| {
        let (mut sent, mut received) = (0, 0);
        while received < count {
            while sent < count && sent < received + AHEAD {
                sender.send(&peers[0], PacketFlags::RELIABLE, &payload);
                sent += 1;
            }
            while sender.next().is_some() {}
            while let Some(Happening::Received(len)) = Party::next(&mut receiver) {
                assert_eq!(len, PACKET);
                received += 1;
            }
        }
    });
    spent.as_secs_f64() * 1e6 / (bytes as f64 / 1e6)
}
