//! A server with 1000 clients at 30 ticks a second: what it receives, and what a tick costs.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use enet_proto::PacketFlags;
use enet_udp::{UdpHost, UdpPeer};

use crate::clock::{process_cpu, thread_cpu};
use crate::party::{self, Happening, Party};
use crate::row::{Line, Mark, Setup};
use crate::sockets;
use crate::stats::{Summary, in_turns};
use c_enet::{CEvent, CHost, CPeer};

pub(super) const NAME: &str = "broadcast";

const CLIENTS: usize = 1000;
/// Hosts that the clients are spread over, each with a socket of its own.
const CLIENT_HOSTS: usize = 100;
const TICK: Duration = Duration::from_nanos(1_000_000_000 / 30);
/// A client's packet, and the server's to all.
const CLIENT_LEN: usize = 50;
const SERVER_LEN: usize = 200;
/// Of both servers' sockets, where they do not have what each asks for by itself.
const LARGE_BUFFER: usize = 4 * 1024 * 1024;
/// What C ENet asks for.
const SMALL_BUFFER: usize = 256 * 1024;

/// How one run is set up.
#[derive(Clone, Copy)]
struct Run {
    ticks: u32,
    /// Whether clients and server drop unreliable packets when round trips grow.
    throttle: bool,
    /// Bytes of buffer for the server's socket, if not what it asks for by itself: C ENet for 256 KiB, ours for 4 MiB.
    buffer: Option<usize>,
    /// Whether the server services its host once a tick, instead of until nothing comes.
    once: bool,
}

/// What came of it.
#[derive(Clone, Copy)]
struct Outcome {
    /// Of the clients' packets, in percent.
    received: f64,
    /// Of all threads but the clients', microseconds a tick.
    cpu: f64,
    /// Of the thread that is the game's.
    game_cpu: f64,
}

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    sockets::ensure_granted(LARGE_BUFFER)?;
    let ticks = if setup.quick { 60 } else { 300 };
    let rounds = setup.pick(3, 1);
    let plain = Run {
        ticks,
        throttle: false,
        buffer: None,
        once: false,
    };
    let throttled = Run {
        throttle: true,
        ..plain
    };
    let once = Run {
        once: true,
        ..plain
    };
    let small = Run {
        buffer: Some(SMALL_BUFFER),
        ..plain
    };
    let large = Run {
        buffer: Some(LARGE_BUFFER),
        ..plain
    };
    let received = |outcome: &Outcome| outcome.received;
    let line = |work: &str, unit, (baseline, ours), mark| Line {
        row: NAME,
        work: format!("{CLIENTS} peers, 30 Hz, {work}"),
        unit,
        beside: "C ENet",
        baseline: Some(baseline),
        ours,
        mark,
    };
    let default_runs = Runs::measure(rounds, plain);
    let once_runs = Runs::measure(rounds, once);
    let throttled_runs = Runs::measure(rounds, throttled);
    let small_runs = Runs::measure(rounds, small);
    let large_runs = Runs::measure(rounds, large);
    Ok(vec![
        line(
            "each with its own buffer, clients without throttle: received of their packets",
            "%",
            default_runs.both(received),
            Mark::AtLeast(100.0),
        ),
        line(
            "each with its own buffer, one service call a tick: received of their packets",
            "%",
            once_runs.both(received),
            Mark::AtLeast(100.0),
        ),
        line(
            "each with its own buffer, clients with their default throttle: received of their packets",
            "%",
            throttled_runs.both(received),
            Mark::AtLeast(97.0),
        ),
        line(
            "256 KiB buffer, clients without throttle: received of their packets",
            "%",
            small_runs.both(received),
            Mark::Shown,
        ),
        line(
            "4 MiB buffer, throttle off: CPU of a tick, all threads",
            "µs",
            large_runs.both(|outcome| outcome.cpu),
            Mark::Ratio(0.8),
        ),
        line(
            "4 MiB buffer, throttle off: CPU of a tick on the game's thread",
            "µs",
            large_runs.both(|outcome| outcome.game_cpu),
            Mark::Ratio(0.1),
        ),
        line(
            "4 MiB buffer, throttle off: received of their packets",
            "%",
            large_runs.both(received),
            Mark::Shown,
        ),
    ])
}

/// The outcomes of C ENet and of ours, in the order of the rounds.
struct Runs([Vec<Outcome>; 2]);

impl Runs {
    fn measure(rounds: usize, run: Run) -> Self {
        let Ok(outcomes) = in_turns(rounds, |side| {
            Ok::<_, Infallible>(match side {
                0 => play(CHost::local(CLIENTS, 1), run),
                _ => play(party::ours(CLIENTS, true), run),
            })
        });
        Self(outcomes)
    }

    fn both(&self, value: impl Fn(&Outcome) -> f64) -> (Summary, Summary) {
        let side = |outcomes: &[Outcome]| {
            let samples: Vec<f64> = outcomes.iter().map(&value).collect();
            Summary::of(&samples)
        };
        (side(&self.0[0]), side(&self.0[1]))
    }
}

/// What a server must be able to do besides.
trait Server: Party {
    fn disable_throttle(&mut self, peer: &Self::Peer);
    /// Reads and sends once, then takes what was found; answers the clients' packets among it.
    fn service_once(&mut self) -> u64;
    /// Lets what a tick has queued leave, as the classes of Godot do: the built-in sends in `put_packet`, ours leaves it
    /// to the network thread.
    fn end_tick(&mut self);
}

impl Server for CHost {
    fn disable_throttle(&mut self, peer: &CPeer) {
        Self::disable_throttle(self, *peer);
    }

    fn service_once(&mut self) -> u64 {
        let first = Party::next(self);
        let rest = std::iter::from_fn(|| self.check_events());
        first.iter().map(count).sum::<u64>() + rest.map(|event| count(&event.into())).sum::<u64>()
    }

    fn end_tick(&mut self) {
        Party::flush(self);
    }
}

impl Server for UdpHost {
    fn disable_throttle(&mut self, peer: &UdpPeer) {
        peer.throttle_configure(5000, 32, 0);
    }

    fn service_once(&mut self) -> u64 {
        self.poll();
        let events = std::iter::from_fn(|| self.next_event());
        events.map(|event| count(&event.into())).sum()
    }

    fn end_tick(&mut self) {}
}

/// 1 for a client's packet, else 0.
fn count<P>(happening: &Happening<P>) -> u64 {
    u64::from(matches!(happening, Happening::Received(CLIENT_LEN)))
}

/// What both sides of a run share.
#[derive(Default)]
struct Shared {
    sent: AtomicU64,
    /// Set once all are connected and the counted ticks begin, and when they are over.
    begun: AtomicBool,
    over: AtomicBool,
    client_cpu_nanos: AtomicU64,
}

fn play<S: Server>(mut server: S, run: Run) -> Outcome {
    let port = server.port();
    if let Some(bytes) = run.buffer {
        sockets::resize(port, bytes);
    }
    let shared = Shared::default();
    thread::scope(|scope| {
        scope.spawn(|| play_clients(port, run, &shared));
        let mut connected = 0;
        while connected < CLIENTS {
            if let Some(Happening::Connected(peer)) = server.wait(Duration::from_millis(100)) {
                if !run.throttle {
                    server.disable_throttle(&peer);
                }
                connected += 1;
            }
        }
        // Round trips of the connecting crowd are forgotten, and the throttles' settings have arrived.
        settle(&mut server, Duration::from_millis(500));
        shared.begun.store(true, Ordering::Release);
        let (process, own) = (process_cpu(), thread_cpu());
        let mut received = 0_u64;
        let start = Instant::now();
        for tick in 1..=run.ticks {
            if run.once {
                received += server.service_once();
            } else {
                while let Some(happening) = server.next() {
                    received += count(&happening);
                }
            }
            server.broadcast(PacketFlags::NONE, &[7; SERVER_LEN]);
            server.end_tick();
            thread::sleep((start + TICK * tick).saturating_duration_since(Instant::now()));
        }
        let own = thread_cpu() - own;
        shared.over.store(true, Ordering::Release);
        // The last tick's packets are still on their way.
        received += settle(&mut server, Duration::from_millis(200));
        while shared.client_cpu_nanos.load(Ordering::Acquire) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let clients = Duration::from_nanos(shared.client_cpu_nanos.load(Ordering::Acquire));
        let all = process_cpu() - process;
        let sent = shared.sent.load(Ordering::Acquire);
        let per_tick = |cpu: Duration| cpu.as_secs_f64() * 1e6 / f64::from(run.ticks);
        Outcome {
            received: 100.0 * received as f64 / sent as f64,
            cpu: per_tick(all.saturating_sub(clients)),
            game_cpu: per_tick(own),
        }
    })
}

/// Services the server for `span`; answers the packets received.
fn settle(server: &mut impl Server, span: Duration) -> u64 {
    let until = Instant::now() + span;
    let mut received = 0;
    while Instant::now() < until {
        while let Some(happening) = server.next() {
            received += count(&happening);
        }
        thread::sleep(Duration::from_millis(1));
    }
    received
}

/// Connects the clients, then lets each send a packet a tick until the run is over.
fn play_clients(port: u16, run: Run, shared: &Shared) {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let mut hosts: Vec<(CHost, Vec<CPeer>)> = (0..CLIENT_HOSTS)
        .map(|_| {
            let mut host = CHost::local(CLIENTS / CLIENT_HOSTS, 1);
            let peers = (0..CLIENTS / CLIENT_HOSTS).map(|_| host.connect(address, 1, 0));
            let peers = peers.collect();
            (host, peers)
        })
        .collect();
    let mut before = None;
    let mut next_tick = Instant::now();
    let mut sent = 0;
    while !shared.over.load(Ordering::Acquire) {
        let counted = shared.begun.load(Ordering::Acquire);
        if counted && before.is_none() {
            before = Some(thread_cpu());
            next_tick = Instant::now();
        }
        let sends = counted && Instant::now() >= next_tick;
        for (host, peers) in &mut hosts {
            if sends {
                for peer in peers.iter() {
                    host.send(*peer, 0, PacketFlags::NONE, &[7; CLIENT_LEN]);
                }
            }
            while let Some(event) = host.service(Duration::ZERO) {
                if let CEvent::Connect(peer, _) = event
                    && !run.throttle
                {
                    host.disable_throttle(peer);
                }
            }
        }
        if sends {
            next_tick += TICK;
            sent += u64::try_from(CLIENTS).expect("a small number");
        }
        thread::sleep(Duration::from_millis(1));
    }
    shared.sent.store(sent, Ordering::Release);
    let spent = thread_cpu() - before.unwrap_or_default();
    let nanos = u64::try_from(spent.as_nanos()).expect("less than centuries");
    shared
        .client_cpu_nanos
        .store(nanos.max(1), Ordering::Release);
}
