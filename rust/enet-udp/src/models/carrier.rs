//! Models of [`Carrier`] and of the change to it: one thread at a time calls the transport, and nothing is left behind.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use enet_proto::PeerId;

use super::many_orders;
use super::remote::{FOR_EVER, Remote};
use super::socket::local;
use super::system::atomic::{AtomicBool, AtomicUsize, Ordering};
use super::system::{step, thread};
use crate::carrier::Carrier;
use crate::transport::Transport;

/// What became of a [`Line`].
#[derive(Default)]
struct Log {
    busy: AtomicBool,
    sent: AtomicUsize,
    /// Times it was asked for what has arrived.
    asked: AtomicUsize,
    /// Whether the wait elsewhere is over.
    waited: AtomicBool,
    dropped: AtomicUsize,
}

/// A transport that notes what it is asked for.
struct Line(Arc<Log>);

impl Line {
    /// A call that others may come into the middle of, if they can come into it at all.
    fn call(&self) {
        assert!(!self.0.busy.swap(true, Ordering::SeqCst), "two at once");
        assert_ne!(thread::current().name(), Some("enet-network"));
        step();
        self.0.busy.store(false, Ordering::SeqCst);
    }
}

impl Transport for Line {
    fn send(&mut self, _: SocketAddr, _: &[u8]) {
        self.call();
        self.0.sent.fetch_add(1, Ordering::SeqCst);
    }

    fn receive(&mut self, _: usize, _: &mut dyn FnMut(SocketAddr, &[u8])) {
        self.call();
        self.0.asked.fetch_add(1, Ordering::SeqCst);
    }

    fn keep_only(&mut self, _: &HashMap<PeerId, SocketAddr>) {
        self.call();
    }

    fn local_address(&self) -> Option<SocketAddr> {
        None
    }

    fn is_broken(&self) -> bool {
        false
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn carrier() -> (Arc<Carrier>, Arc<Log>) {
    let log = Arc::new(Log::default());
    let line = Box::new(Line(Arc::clone(&log)));
    (Arc::new(Carrier::new(line, [true; 2])), log)
}

#[test]
fn nothing_is_left_queued_when_all_calls_have_returned() {
    many_orders(4_000, || {
        let (carrier, log) = carrier();
        let senders = [1, 2].map(|port| {
            let carrier = Arc::clone(&carrier);
            thread::spawn(move || {
                carrier.queue(local(port), b"x");
                carrier.send_queued();
            })
        });
        carrier.exchange(HashMap::new);
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(log.sent.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_close_sends_what_is_queued_and_drops_the_transport_once() {
    many_orders(4_000, || {
        let (carrier, log) = carrier();
        carrier.queue(local(1), b"x");
        let others = [true, false].map(|closes| {
            let carrier = Arc::clone(&carrier);
            thread::spawn(move || {
                if closes {
                    carrier.close();
                } else {
                    carrier.exchange(HashMap::new);
                }
            })
        });
        carrier.close();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(log.sent.load(Ordering::SeqCst), 1);
        assert_eq!(log.dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_replaced_socket_has_no_driver_but_the_callers_and_waits_elsewhere_go_on() {
    for threaded in [true, false] {
        many_orders(400, move || {
            let (host, peer, mut remote) = Remote::connected(threaded);
            let log = Arc::new(Log::default());
            let waiter = {
                let (host, log) = (host.clone(), Arc::clone(&log));
                thread::spawn(move || {
                    let event = host.service(FOR_EVER);
                    log.waited.store(true, Ordering::SeqCst);
                    event.is_none()
                })
            };
            let sender = thread::spawn(move || peer.send(0, enet_proto::Packet::reliable("x")));
            let line = Box::new(Line(Arc::clone(&log)));
            host.replace_socket(|_| Ok::<_, Infallible>(line as Box<dyn Transport>))
                .unwrap();
            sender.join().unwrap().unwrap();
            // The wait elsewhere drives the transport from now on, or has ended: a call that comes while there is neither
            // socket nor transport returns at once.
            while log.asked.load(Ordering::SeqCst) == 0 && !log.waited.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            host.poll();
            host.flush();
            assert!(log.sent.load(Ordering::SeqCst) + remote.count_arrived() > 0);
            host.close();
            assert!(waiter.join().unwrap());
            assert_eq!(log.dropped.load(Ordering::SeqCst), 1);
        });
    }
}
