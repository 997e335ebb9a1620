//! Models of a host that the calling threads drive.

use enet_proto::Packet;

use super::many_orders;
use super::remote::{FOR_EVER, Remote};
use super::system::thread;
use crate::event::HostEvent;

#[test]
fn a_service_call_that_waits_sends_what_others_queue_and_hears_what_arrives() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(false);
        let waiter = {
            let host = host.clone();
            thread::spawn(move || host.service(FOR_EVER))
        };
        peer.send(0, Packet::reliable(vec![1])).unwrap();
        remote.pump_until(|remote| !remote.received.is_empty());
        remote.send(2);
        let event = waiter.join().unwrap();
        assert!(
            matches!(event, Some(HostEvent::Receive { .. })),
            "{event:?}"
        );
    });
}

#[test]
fn several_service_calls_take_turns_and_each_gets_its_event() {
    many_orders(600, || {
        let (host, _, mut remote) = Remote::connected(false);
        let waiters = [0, 1].map(|_| {
            let host = host.clone();
            thread::spawn(move || host.service(FOR_EVER))
        });
        remote.send(1);
        remote.send(2);
        for waiter in waiters {
            assert!(matches!(
                waiter.join().unwrap(),
                Some(HostEvent::Receive { .. })
            ));
        }
    });
}

#[test]
fn a_close_in_the_middle_of_a_poll_ends_both() {
    many_orders(600, || {
        let (host, _, mut remote) = Remote::connected(false);
        remote.send(1);
        remote.send(2);
        let poller = {
            let host = host.clone();
            thread::spawn(move || host.poll())
        };
        host.close();
        poller.join().unwrap();
        assert!(!host.is_open());
    });
}
