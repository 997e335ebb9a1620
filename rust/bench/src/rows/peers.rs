//! Many peers at once: how soon they are connected, and what memory each takes.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::memory::{Counts, counted};
use crate::party::{self, Happening, Party, connect};
use crate::row::{Line, Mark, Setup};
use crate::stats::{Summary, interleaved};
use c_enet::CHost;

pub(super) const CONNECT: &str = "connect";
pub(super) const MEMORY: &str = "memory";

const CLIENTS: usize = 1000;
/// Hosts that the clients are spread over, each with a socket of its own.
const CLIENT_HOSTS: usize = 100;
/// No run takes longer unless something hangs.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn measure_connect(setup: &Setup) -> Result<Vec<Line>> {
    let rounds = setup.pick(7, 2);
    let [baseline, ours] = interleaved(
        rounds,
        &mut [
            &mut || connect_at_once(CHost::local(CLIENTS, 255)),
            &mut || connect_at_once(party::ours(CLIENTS, true)),
        ],
    );
    Ok(vec![Line {
        row: CONNECT,
        work: format!("{CLIENTS} C clients connect at once, default settings: first to last"),
        unit: "ms",
        beside: "C ENet",
        baseline: Some(baseline),
        ours,
        mark: Mark::AtMost(50.0),
    }])
}

/// Milliseconds from the first connection that the server reports to the last.
fn connect_at_once(mut server: impl Party) -> f64 {
    let port = server.port();
    thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            let mut hosts: Vec<CHost> = (0..CLIENT_HOSTS)
                .map(|_| CHost::local(CLIENTS / CLIENT_HOSTS, 1))
                .collect();
            let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
            for host in &mut hosts {
                for _ in 0..CLIENTS / CLIENT_HOSTS {
                    host.connect(address, 1, 0);
                }
            }
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                for host in &mut hosts {
                    while Party::next(host).is_some() {}
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        let deadline = Instant::now() + LIMIT;
        let (mut connected, mut first) = (0, None);
        let mut last = Instant::now();
        while connected < CLIENTS {
            assert!(Instant::now() < deadline, "{connected} connected");
            if let Some(Happening::Connected(_)) = server.wait(Duration::from_millis(10)) {
                connected += 1;
                last = Instant::now();
                first.get_or_insert(last);
            }
        }
        drop(stop);
        last.duration_since(first.expect("all connected"))
            .as_secs_f64()
            * 1e3
    })
}

pub(super) fn measure_memory(setup: &Setup) -> Result<Vec<Line>> {
    const CHANNELS: usize = 255;
    let peers = setup.pick(1000, 200);
    // Clients of the other kind, so that each side's memory is counted by itself.
    let mut server = CHost::local(peers, CHANNELS);
    let mut clients = party::ours(peers, false);
    let [_, of_c] = counted(|| drop(connect(&mut clients, &mut server, peers, CHANNELS)));
    drop((server, clients));
    let mut server = party::ours(peers, false);
    let mut clients = CHost::local(peers, CHANNELS);
    let mut kept = None;
    let [of_ours, _] = counted(|| {
        let (_, peers) = connect(&mut clients, &mut server, peers, CHANNELS);
        kept = Some(peers);
    });
    let each = |counts: Counts| Summary::of(&[counts.live_bytes as f64 / 1024.0 / peers as f64]);
    Ok(vec![Line {
        row: MEMORY,
        work: format!("memory of a connected peer with {CHANNELS} unused channels, of {peers}"),
        unit: "KiB",
        beside: "C ENet",
        baseline: Some(each(of_c)),
        ours: each(of_ours),
        mark: Mark::AtMost(3.0),
    }])
}
