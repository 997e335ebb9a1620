//! Prints what ENet's strategy and ours do on the same simulated paths.

use std::time::Duration;

use enet_paths::{Bulk, Path, Sender, Stream, bulk, stream};

const BULK_BYTES: usize = 8 << 20;
const SEEDS: std::ops::Range<u64> = 1..11;

fn main() {
    println!("8 MiB reliable, MB/s, worst and best of ten seeds");
    for (name, path) in bulk_paths() {
        for sender in [Sender::Vanilla, Sender::Fast] {
            let reports: Vec<_> = SEEDS
                .map(|seed| {
                    let transfer = Bulk {
                        senders: vec![sender],
                        bytes: BULK_BYTES,
                    };
                    bulk(&Path { seed, ..path }, &transfer)[0]
                })
                .collect();
            let rates = reports.iter().map(|report| report.bytes_per_second / 1e6);
            let (worst, best) = (
                rates.clone().fold(f64::MAX, f64::min),
                rates.fold(0.0, f64::max),
            );
            let lost = reports
                .iter()
                .map(|report| report.queue_loss)
                .fold(0.0, f64::max);
            let overhead = reports
                .iter()
                .map(|report| report.overhead)
                .fold(0.0, f64::max);
            println!(
                "{name:28} {sender:?}: {worst:.2} to {best:.2}, queue loss {:.1} %, overhead {overhead:.2}, \
                 overflowed {}, queue {:?}",
                lost * 100.0,
                reports[0].overflowed,
                reports[0].queue_delay
            );
        }
    }
    println!("20 Hz of 200 B reliable, one way");
    for loss in [0.0, 0.01, 0.05] {
        for sender in [Sender::Vanilla, Sender::Fast] {
            let report = stream(
                &Path {
                    loss,
                    ..Path::default()
                },
                &game(sender, 20_000, 0),
            );
            println!(
                "loss {:2.0} % {sender:?}: p50 {:?}, p99 {:?}, p99.9 {:?}, overhead {:.2}",
                loss * 100.0,
                report.all_but(500),
                report.all_but(10),
                report.all_but(1),
                report.overhead
            );
        }
    }
    let narrow = narrow();
    println!("on 1 MB/s with a queue of 64 KiB");
    for senders in [
        [Sender::Fast, Sender::Vanilla],
        [Sender::Fast; 2],
        [Sender::Vanilla; 2],
    ] {
        let transfers = Bulk {
            senders: senders.to_vec(),
            bytes: BULK_BYTES,
        };
        let reports = bulk(&narrow, &transfers);
        println!(
            "{senders:?}: {:.2} and {:.2} MB/s, mean queue {:?}, queue loss {:.1} and {:.1} %",
            reports[0].bytes_per_second / 1e6,
            reports[1].bytes_per_second / 1e6,
            reports[0].queue_delay,
            reports[0].queue_loss * 100.0,
            reports[1].queue_loss * 100.0,
        );
    }
    for sender in [Sender::Vanilla, Sender::Fast] {
        for beside in [0, 31 << 20] {
            let report = stream(&narrow, &game(sender, 600, beside));
            println!(
                "{sender:?} stream beside {beside} bytes: p50 {:?}, p99 {:?}",
                report.all_but(500),
                report.all_but(10)
            );
        }
    }
}

fn game(sender: Sender, messages: usize, beside_bytes: usize) -> Stream {
    Stream {
        sender,
        bytes: 200,
        interval: Duration::from_millis(50),
        messages,
        beside_bytes,
    }
}

fn narrow() -> Path {
    Path {
        rate: 1_000_000,
        queue_bytes: 65_536,
        ..Path::default()
    }
}

fn bulk_paths() -> [(&'static str, Path); 5] {
    let wide = Path::default();
    [
        ("50 MB/s", wide),
        ("50 MB/s, 1 % loss", Path { loss: 0.01, ..wide }),
        ("50 MB/s, 5 % loss", Path { loss: 0.05, ..wide }),
        (
            "50 MB/s, polled every 16 ms",
            Path {
                receiver_tick: Duration::from_millis(16),
                ..wide
            },
        ),
        ("1 MB/s, queue of 64 KiB", narrow()),
    ]
}
