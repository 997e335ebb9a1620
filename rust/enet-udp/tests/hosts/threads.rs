//! Several threads of a game on one host, and an engine that panics.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{PATIENCE, Pair, client, pump, server};
use enet_proto::{Compressor, Packet};
use enet_udp::HostEvent;

in_both_modes! {
    fn calls_from_several_threads_lose_nothing(threaded: bool) {
        const SENDERS: u8 = 4;
        const EACH: u32 = 2_000;
        let pair = Pair::connected(threaded);
        let received = AtomicUsize::new(0);
        let total = usize::from(SENDERS) * EACH as usize;
        let done = || received.load(Ordering::Relaxed) == total;
        thread::scope(|scope| {
            for channel in 0..SENDERS {
                let peer = pair.to_server.clone();
                scope.spawn(move || {
                    for number in 0..EACH {
                        peer.send(channel, Packet::reliable(number.to_le_bytes().to_vec())).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                let start = Instant::now();
                while !done() {
                    assert!(start.elapsed() < PATIENCE, "{} of {total}", received.load(Ordering::Relaxed));
                    pair.client.service(crate::common::MOMENT);
                    pair.client.flush();
                    assert_eq!(pair.client.peers().len(), 1);
                    assert!(pair.to_server.statistics().is_some() && pair.to_server.is_active());
                    pair.to_server.ping();
                }
            });
            // Two takers, so each packet is checked to come once, not in which order they note it.
            for _ in 0..2 {
                scope.spawn(|| {
                    let start = Instant::now();
                    while !done() {
                        assert!(start.elapsed() < PATIENCE, "{} of {total}", received.load(Ordering::Relaxed));
                        let polled = { pair.server.poll(); pair.server.next_event() };
                        let event = polled.or_else(|| pair.server.service(crate::common::MOMENT));
                        if let Some(event) = event {
                            assert!(matches!(event, HostEvent::Receive { .. }), "{event:?}");
                            received.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert!(pair.server.service(crate::common::MOMENT).is_none());
    }

    fn close_ends_a_wait_on_another_thread(threaded: bool) {
        // The close comes a little later each time, so some find the other thread before its wait and some in it.
        for delay in (0..20).map(|step| Duration::from_micros(step * 100)) {
            let host = server(threaded);
            let waiting = host.clone();
            let (about_to_wait, begun) = mpsc::channel();
            let waiter = thread::spawn(move || {
                about_to_wait.send(()).unwrap();
                waiting.service(PATIENCE)
            });
            begun.recv().unwrap();
            let start = Instant::now();
            while start.elapsed() < delay {
                thread::yield_now();
            }
            host.close();
            assert!(waiter.join().unwrap().is_none());
            assert!(start.elapsed() < PATIENCE / 2, "closed after {delay:?}");
        }
    }

    fn closing_in_the_middle_of_traffic_is_clean(threaded: bool) {
        for _ in 0..20 {
            let pair = Pair::connected(threaded);
            thread::scope(|scope| {
                for peer in [&pair.to_server, &pair.to_client] {
                    scope.spawn(|| {
                        for _ in 0..2_000 {
                            if peer.send(0, Packet::unreliable(vec![1; 500])).is_err() {
                                return;
                            }
                            peer.host().unwrap().poll();
                        }
                    });
                }
                pump(&pair.hosts(), |events| events.len() >= 5);
                pair.server.close();
                pair.client.close();
            });
            assert!(!pair.to_server.is_active() && !pair.to_client.is_active());
        }
    }
}

/// Panics as a defect of the engine would.
struct Broken;

impl Compressor for Broken {
    fn compress(&mut self, _: &[u8], _: &mut [u8]) -> Option<usize> {
        panic!("deliberate, for a test")
    }

    fn decompress(&mut self, _: &[u8], _: &mut [u8]) -> Option<usize> {
        panic!("deliberate, for a test")
    }
}

#[test]
fn a_panic_on_the_network_thread_closes_that_host_alone() {
    let healthy = Pair::connected(true);
    let broken = client(true);
    let peer = broken
        .connect(healthy.server.local_address().unwrap(), 1, 0)
        .unwrap();
    broken.set_compressor(Some(Box::new(Broken)));
    let event = broken.service(PATIENCE);
    assert!(event.is_none() && !broken.is_open() && !peer.is_active());
    healthy
        .to_server
        .send(0, Packet::reliable("still here"))
        .unwrap();
    let events = pump(&healthy.hosts(), |events| !events.is_empty());
    assert_eq!(crate::common::payloads(&events, 0), [b"still here"]);
    broken.close();
}
