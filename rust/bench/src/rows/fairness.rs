//! Connections that share a slow link, in virtual time: who gets what of it, and how long its queue is.

use std::time::Duration;

use anyhow::Result;
use enet_proto::PacketFlags;

use super::paths::{one_way_millis, play_stream, slow_link};
use crate::path::{Engine, Path, Side};
use crate::row::{Line, Mark, Setup};
use crate::stats::{Summary, quantile};

pub(super) const NAME: &str = "fairness";

const PACKET: usize = 16 * 1024;
/// Time in the link without a queue, in milliseconds.
const EMPTY_LINK_MILLIS: f64 = 50.0;
/// Until both have found their rate.
const WARM_UP: Duration = Duration::from_secs(5);

/// Two bulk transfers that share the link, from the second on: what they came to.
struct Shares {
    /// Of the bytes that arrived, the first's part in percent.
    first: f64,
    megabytes_per_second: f64,
    queue_millis: f64,
    lost: f64,
}

type Value = fn(&Shares) -> f64;

fn share(engines: [Engine; 2], span: Duration) -> Shares {
    let mut path = Path::new(1);
    path.set_link(slow_link());
    let ends = engines.map(|engine| {
        let from = path.add(Side::Left, engine);
        let to = path.add(Side::Right, Engine::VANILLA);
        path.connect(from, to);
        (from, to)
    });
    // More than the link carries meanwhile.
    let micros = u64::try_from((WARM_UP + span).as_micros()).expect("a short time");
    for _ in 0..usize::try_from(micros).expect("fits") / PACKET {
        for (from, _) in ends {
            path.send_stamped(from, 0, PacketFlags::RELIABLE, PACKET);
        }
    }
    path.run_for(WARM_UP);
    let (before, begin) = (path.link(), path.now_micros());
    path.transit_micros.clear();
    path.run_for(span);
    let bytes = ends.map(|(_, to)| {
        let arrivals = path.arrivals(to).iter();
        let counted = arrivals.filter(|arrival| arrival.at_micros > begin);
        counted.map(|arrival| arrival.len).sum::<usize>() as f64
    });
    let link = path.link();
    let mut transit: Vec<f64> = path
        .transit_micros
        .iter()
        .map(|micros| *micros as f64 / 1000.0)
        .collect();
    Shares {
        first: 100.0 * bytes[0] / (bytes[0] + bytes[1]),
        megabytes_per_second: (bytes[0] + bytes[1]) / span.as_secs_f64() / 1e6,
        queue_millis: quantile(&mut transit, 0.5) - EMPTY_LINK_MILLIS,
        lost: 100.0 * (link.queue_dropped - before.queue_dropped) as f64
            / (link.sent - before.sent) as f64,
    }
}

/// The p99 of a game stream, in milliseconds, alone or beside a bulk transfer of the same connection.
fn stream_p99(engine: Engine, beside_bulk: bool, span: Duration) -> f64 {
    let mut path = Path::new(1);
    let from = path.add(Side::Left, engine);
    let to = path.add(Side::Right, Engine::VANILLA);
    path.set_link(slow_link());
    path.connect(from, to);
    if beside_bulk {
        let bytes = usize::try_from(span.as_micros()).expect("a short time");
        for _ in 0..bytes / PACKET {
            path.send_stamped(from, 0, PacketFlags::RELIABLE, PACKET);
        }
    }
    play_stream(&mut path, from, span);
    // A sender that serves its queue in order sends the bulk first.
    path.run_for(4 * span);
    quantile(&mut one_way_millis(&path, to, 1), 0.99)
}

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let span = Duration::from_secs(if setup.quick { 10 } else { 60 });
    let line = |work: String, unit, beside, [baseline, ours]: [f64; 2], mark| Line {
        row: NAME,
        work: format!("1 MB/s with a queue of 64 KiB, {work}"),
        unit,
        beside,
        baseline: Some(Summary::of(&[baseline])),
        ours: Summary::of(&[ours]),
        mark,
    };
    let vanilla = share([Engine::VANILLA, Engine::VANILLA], span);
    let mut lines = Vec::new();
    for (beside, other) in [
        ("a C ENet one", Engine::VANILLA),
        ("another of ours", Engine::Ours),
    ] {
        let ours = share([Engine::Ours, other], span);
        let values: [(&str, &str, Value); 4] = [
            ("the first's share", "%", |it| it.first),
            ("both together", "MB/s", |it| it.megabytes_per_second),
            ("median time in the queue", "ms", |it| it.queue_millis),
            ("datagrams lost there", "%", |it| it.lost),
        ];
        for (what, unit, value) in values {
            lines.push(line(
                format!("our bulk transfer beside {beside}: {what}"),
                unit,
                "two of C ENet",
                [value(&vanilla), value(&ours)],
                Mark::Shown,
            ));
        }
    }
    let factor = |engine| stream_p99(engine, true, span) / stream_p99(engine, false, span);
    lines.push(line(
        "20 Hz stream beside a bulk transfer on another channel: p99 as a multiple of idle"
            .to_owned(),
        "",
        "C ENet",
        [factor(Engine::VANILLA), factor(Engine::Ours)],
        Mark::AtMost(2.0),
    ));
    Ok(lines)
}
