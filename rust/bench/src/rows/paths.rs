//! Reliable data over a path with delay, jitter and loss to a vanilla receiver, in virtual time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use enet_netsim::LinkConfig;
use enet_proto::PacketFlags;

use crate::path::{EndId, Engine, Path, Side};
use crate::row::{Line, Mark, Setup};
use crate::stats::{Summary, quantile};

pub(crate) const TRANSFER: &str = "transfer";
pub(crate) const LATENCY: &str = "latency";

const PACKET: usize = 64 * 1024;
const TRANSFER_BYTES: usize = 8 * 1024 * 1024;
/// No transfer takes longer, in virtual time.
const LIMIT_MICROS: u64 = 600_000_000;
/// A game stream: messages of 200 B, 20 a second.
const MESSAGE: usize = 200;
const MESSAGE_EVERY: Duration = Duration::from_millis(50);

/// The path of all rows here: 100 ms of round trip, each way with 5 ms of jitter that may reorder, 50 MB/s.
fn link(loss: f64) -> LinkConfig {
    LinkConfig::default()
        .delay(Duration::from_millis(50))
        .jitter(Duration::from_micros(2500))
        .loss(loss)
        .rate_limit(50_000_000, 4 * 1024 * 1024)
}

/// A slow link with a short queue, which loses nothing by itself.
pub(super) fn slow_link() -> LinkConfig {
    LinkConfig::default()
        .delay(Duration::from_millis(50))
        .rate_limit(1_000_000, 64 * 1024)
}

/// A vanilla receiver.
#[derive(Clone, Copy)]
struct Receiver {
    every_micros: u64,
    buffer_bytes: Option<usize>,
}

impl Receiver {
    const EVERY_MILLISECOND: Self = Self {
        every_micros: 1000,
        buffer_bytes: None,
    };
    const EVERY_FRAME: Self = Self {
        every_micros: 16_000,
        buffer_bytes: Some(212_992),
    };
}

/// What came of a transfer.
struct Transfer {
    /// 0 if the connection broke before the end.
    megabytes_per_second: f64,
    /// Datagrams that found a full queue, of the link or of the receiver's socket, in percent.
    overflow: f64,
}

/// A sender on the left and a vanilla receiver on the right, connected, with `config` in force.
fn pair(engine: Engine, receiver: Receiver, config: LinkConfig, seed: u64) -> (Path, [EndId; 2]) {
    let mut path = Path::new(seed);
    let from = path.add(Side::Left, engine);
    let every_micros = receiver.every_micros;
    let to = path.add(Side::Right, Engine::C { every_micros });
    if let Some(bytes) = receiver.buffer_bytes {
        path.set_receive_buffer(to, bytes);
    }
    path.set_link(config);
    path.connect(from, to);
    // The first round trips: pings go every half second.
    path.run_for(Duration::from_secs(3));
    (path, [from, to])
}

fn transfer(engine: Engine, receiver: Receiver, config: LinkConfig, seed: u64) -> Transfer {
    let (mut path, [from, to]) = pair(engine, receiver, config, seed);
    let start = path.now_micros();
    let before = path.link();
    let count = TRANSFER_BYTES / PACKET;
    for _ in 0..count {
        path.send_stamped(from, 0, PacketFlags::RELIABLE, PACKET);
    }
    while path.arrivals(to).len() < count && !path.is_broken() {
        assert!(path.now_micros() < LIMIT_MICROS, "the transfer hangs");
        path.step(LIMIT_MICROS);
    }
    let arrived = path.arrivals(to).len();
    let micros = (path.now_micros() - start) as f64;
    let link = path.link();
    let overflow = link.queue_dropped - before.queue_dropped + path.dropped_by_socket(to);
    Transfer {
        megabytes_per_second: if arrived == count {
            TRANSFER_BYTES as f64 / micros
        } else {
            0.0
        },
        overflow: 100.0 * overflow as f64 / (link.sent - before.sent) as f64,
    }
}

/// Megabytes a second of transfers, one for each of `seeds`.
fn rate(engine: Engine, receiver: Receiver, loss: f64, seeds: u64) -> Summary {
    let runs: Vec<f64> = (0..seeds)
        .map(|seed| transfer(engine, receiver, link(loss), seed).megabytes_per_second)
        .collect();
    Summary::of(&runs)
}

/// What was measured over the path of all rows here, once for each engine and loss: tables and pictures agree.
#[derive(Debug)]
pub(crate) struct PathRuns {
    /// Transfers for a rate.
    seeds: u64,
    /// Messages of all streams of one engine and loss.
    messages: usize,
    rates: Memory<Summary>,
    streams: Memory<Rc<Stream>>,
}

/// Results by engine and the bits of the loss, a share of the datagrams.
type Memory<T> = RefCell<HashMap<(Engine, u64), T>>;

impl PathRuns {
    pub(crate) fn new(quick: bool) -> Self {
        let (seeds, messages) = if quick { (2, 4000) } else { (9, 100_000) };
        Self {
            seeds,
            messages,
            rates: RefCell::default(),
            streams: RefCell::default(),
        }
    }

    /// Megabytes a second of a transfer to a receiver that is serviced every millisecond.
    pub(crate) fn rate(&self, engine: Engine, loss: f64) -> Summary {
        let measure = || rate(engine, Receiver::EVERY_MILLISECOND, loss, self.seeds);
        recall(&self.rates, engine, loss, measure)
    }

    /// Game streams to such a receiver.
    pub(crate) fn stream(&self, engine: Engine, loss: f64) -> Rc<Stream> {
        let measure = || Rc::new(stream(engine, link(loss), self.messages));
        recall(&self.streams, engine, loss, measure)
    }
}

/// The result in `memory`, measured if it is not there.
fn recall<T: Clone>(
    memory: &Memory<T>,
    engine: Engine,
    loss: f64,
    measure: impl FnOnce() -> T,
) -> T {
    let mut memory = memory.borrow_mut();
    let result = memory
        .entry((engine, loss.to_bits()))
        .or_insert_with(measure);
    result.clone()
}

pub(super) fn measure_transfer(setup: &Setup) -> Result<Vec<Line>> {
    let line = |work: String, unit, [baseline, ours]: [Summary; 2], mark| Line {
        row: TRANSFER,
        work: format!("8 MiB reliable, {work}"),
        unit,
        beside: "C ENet",
        baseline: Some(baseline),
        ours,
        mark,
    };
    let both = |measure: &dyn Fn(Engine) -> Summary| [Engine::VANILLA, Engine::Ours].map(measure);
    let mut lines = Vec::new();
    for (percent, least) in [(0.0, 8.0), (1.0, 6.0), (5.0, 3.0)] {
        let work = format!("100 ms, 50 MB/s, {percent} % loss, receiver serviced every 1 ms");
        let rates = both(&|engine| setup.path_runs.rate(engine, percent / 100.0));
        lines.push(line(work, "MB/s", rates, Mark::AtLeast(least)));
    }
    let seeds = setup.path_runs.seeds;
    let rates = both(&|engine| rate(engine, Receiver::EVERY_FRAME, 0.0, seeds));
    let work = "100 ms, 50 MB/s, no loss, receiver polled every 16 ms with 212992 B of buffer";
    lines.push(line(work.to_owned(), "MB/s", rates, Mark::AtLeast(4.0)));
    let slow = [Engine::VANILLA, Engine::Ours]
        .map(|engine| transfer(engine, Receiver::EVERY_MILLISECOND, slow_link(), 1));
    let work = "100 ms, 1 MB/s with a queue of 64 KiB";
    let of = |value: fn(&Transfer) -> f64| [&slow[0], &slow[1]].map(|it| Summary::of(&[value(it)]));
    lines.push(line(
        work.to_owned(),
        "MB/s",
        of(|it| it.megabytes_per_second),
        Mark::AtLeast(0.9),
    ));
    lines.push(line(
        format!("{work}: datagrams lost there"),
        "%",
        of(|it| it.overflow),
        Mark::AtMost(5.0),
    ));
    Ok(lines)
}

/// What came of game streams.
#[derive(Debug)]
pub(crate) struct Stream {
    /// One-way times in milliseconds, sorted; without end where a connection broke before.
    pub(crate) times: Vec<f64>,
    /// On the link, for a message.
    bytes: f64,
}

/// The messages are shared out over several connections: a rare row of losses makes no p99.9.
fn stream(engine: Engine, config: LinkConfig, messages: usize) -> Stream {
    const CONNECTIONS: u64 = 10;
    let each = messages / usize::try_from(CONNECTIONS).expect("a small number");
    let (mut times, mut bytes) = (Vec::new(), 0);
    for seed in 0..CONNECTIONS {
        let (mut path, [from, to]) = pair(engine, Receiver::EVERY_MILLISECOND, config, seed);
        let before = path.link().bytes_sent;
        for _ in 0..each {
            path.send_stamped(from, 0, PacketFlags::RELIABLE, MESSAGE);
            path.run_for(MESSAGE_EVERY);
        }
        bytes += path.link().bytes_sent - before;
        path.run_for(Duration::from_secs(30));
        let mut arrived = one_way_millis(&path, to, 0);
        arrived.resize(each, f64::INFINITY);
        times.extend(arrived);
    }
    times.sort_unstable_by(f64::total_cmp);
    Stream {
        times,
        bytes: bytes as f64 / messages as f64,
    }
}

/// One-way times of what arrived on a channel.
pub(super) fn one_way_millis(path: &Path, end: EndId, channel_id: u8) -> Vec<f64> {
    path.arrivals(end)
        .iter()
        .filter(|arrival| arrival.channel_id == channel_id)
        .map(|arrival| (arrival.at_micros - arrival.sent_micros) as f64 / 1000.0)
        .collect()
}

/// Sends a game stream on channel 1 for `span`.
pub(super) fn play_stream(path: &mut Path, from: EndId, span: Duration) {
    let until = path.now_micros() + u64::try_from(span.as_micros()).expect("a short time");
    while path.now_micros() < until {
        path.send_stamped(from, 1, PacketFlags::RELIABLE, MESSAGE);
        path.run_for(MESSAGE_EVERY);
    }
}

pub(super) fn measure_latency(setup: &Setup) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (loss, late, bytes) in [
        (0.0, None, 1.02),
        (0.01, Some(112.0), 2.2),
        (0.05, Some(125.0), 2.2),
    ] {
        let runs =
            [Engine::VANILLA, Engine::Ours].map(|engine| setup.path_runs.stream(engine, loss));
        let work = format!("20 Hz of 200 B reliable, 100 ms, {} % loss", loss * 100.0);
        let line = |what: &str, unit, [baseline, ours]: [f64; 2], mark| Line {
            row: LATENCY,
            work: format!("{work}: {what}"),
            unit,
            beside: "C ENet",
            baseline: Some(Summary::of(&[baseline])),
            ours: Summary::of(&[ours]),
            mark,
        };
        let mark = late.map_or(Mark::Shown, Mark::AtMost);
        let at = |share| [0, 1].map(|side| quantile(&mut runs[side].times.clone(), share));
        let (late, latest) = (at(0.99), at(0.999));
        lines.push(line("one-way p99", "ms", late, mark));
        lines.push(line("one-way p99.9", "ms", latest, Mark::Shown));
        lines.push(line(
            "bytes on the wire for a message",
            "B",
            [runs[0].bytes, runs[1].bytes],
            Mark::Ratio(bytes),
        ));
    }
    Ok(lines)
}
