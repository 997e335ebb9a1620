//! What calls cost the game's thread while the network thread works, and how long a packet takes: `cargo bench -p enet-udp`.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use enet_proto::Packet;
use enet_udp::{Bind, HostEvent, UdpHost, UdpHostConfig, UdpPeer};

/// Calls in a row, as a busy frame makes them.
const FRAME: usize = 100;
const FRAMES: usize = 500;
/// Pause between two frames, so that each begins with a network thread that sleeps.
const PAUSE: Duration = Duration::from_millis(3);

fn main() {
    let server = UdpHost::open(
        UdpHostConfig::new(4).bind(Bind::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))),
    )
    .expect("a port is free");
    let client = UdpHost::open(UdpHostConfig::new(1)).expect("a socket is free");
    let address = server.local_address().expect("the server is bound");
    let to_server = client.connect(address, 1, 0).expect("a slot is free");
    client.poll();
    let to_client = connected(&server);
    connected(&client);

    println!("median and 99th percentile of {FRAMES} frames of {FRAME} calls, nanoseconds a call");
    report(
        "send, 100 bytes, sleeping thread",
        &sends(&to_server, &server, PAUSE),
    );
    report(
        "send, 100 bytes, frames without pause",
        &sends(&to_client, &client, Duration::ZERO),
    );
    report("next_event, an event each", &takes(&to_server, &server));
    report("poll and next_event, nothing there", &idle(&server));
    let mut ways = ways(&to_server, &server);
    ways.sort_unstable();
    println!("\nfrom send to the receiver's service call, both threads asleep before");
    println!(
        "median {:?}, 99th percentile {:?}",
        ways[FRAMES / 2],
        ways[FRAMES * 99 / 100]
    );
}

/// The peer of the connect event that `host` is about to have.
fn connected(host: &UdpHost) -> UdpPeer {
    match host.service(Duration::from_secs(10)) {
        Some(HostEvent::Connect { peer, .. }) => peer,
        other => panic!("{other:?}"),
    }
}

fn sends(peer: &UdpPeer, receiver: &UdpHost, pause: Duration) -> Vec<Duration> {
    let payload = Packet::unreliable(vec![7; 100]);
    let frame = || {
        let start = Instant::now();
        for _ in 0..FRAME {
            peer.send(0, payload.clone())
                .expect("the peer is connected");
        }
        let spent = start.elapsed();
        receiver.poll();
        while receiver.next_event().is_some() {}
        std::thread::sleep(pause);
        spent
    };
    std::iter::repeat_with(frame).take(FRAMES).collect()
}

fn takes(peer: &UdpPeer, receiver: &UdpHost) -> Vec<Duration> {
    let frame = || {
        for _ in 0..FRAME {
            peer.send(0, Packet::reliable(vec![7; 100]))
                .expect("the peer is connected");
        }
        let mut taken = 0;
        let mut spent = Duration::ZERO;
        while taken < FRAME {
            receiver.poll();
            let start = Instant::now();
            while let Some(event) = receiver.next_event() {
                black_box(event);
                taken += 1;
            }
            spent += start.elapsed();
            std::thread::sleep(PAUSE);
        }
        spent
    };
    std::iter::repeat_with(frame).take(FRAMES).collect()
}

fn idle(host: &UdpHost) -> Vec<Duration> {
    let frame = || {
        let start = Instant::now();
        for _ in 0..FRAME {
            host.poll();
            black_box(host.next_event());
        }
        start.elapsed()
    };
    std::iter::repeat_with(frame).take(FRAMES).collect()
}

/// How long a packet takes by itself, the gathering included.
fn ways(peer: &UdpPeer, receiver: &UdpHost) -> Vec<Duration> {
    let way = || {
        std::thread::sleep(PAUSE);
        let start = Instant::now();
        peer.send(0, Packet::unreliable(vec![7; 100]))
            .expect("the peer is connected");
        black_box(
            receiver
                .service(Duration::from_secs(10))
                .expect("it arrives"),
        );
        start.elapsed()
    };
    std::iter::repeat_with(way).take(FRAMES).collect()
}

fn report(what: &str, frames: &[Duration]) {
    let mut frames = frames.to_vec();
    frames.sort_unstable();
    let each = |frame: Duration| frame.as_nanos() / FRAME as u128;
    println!(
        "{what:<40} {:>8} {:>8}",
        each(frames[frames.len() / 2]),
        each(frames[frames.len() * 99 / 100])
    );
}
