//! Models of the end: of a host, of its last handle, of the network thread.

use enet_proto::{Packet, PeerState};

use super::many_orders;
use super::remote::{FOR_EVER, Remote};
use super::socket::Socket;
use super::system::thread;
use crate::config::{Bind, UdpHostConfig};
use crate::host::UdpHost;

/// Whether somebody could open a socket where `host` has its own.
fn assert_port_is_free(address: std::net::SocketAddr) {
    assert!(
        Socket::open(Bind::Address(address)).is_ok(),
        "the port is taken"
    );
}

#[test]
fn a_close_ends_waits_and_sends_and_frees_the_port_in_both_modes() {
    for threaded in [true, false] {
        many_orders(400, move || {
            let (host, peer, mut remote) = Remote::connected(threaded);
            let address = host.local_address().unwrap();
            let waiter = {
                let host = host.clone();
                thread::spawn(move || host.service(FOR_EVER).is_none())
            };
            let sender = {
                let peer = peer.clone();
                thread::spawn(move || peer.send(0, Packet::reliable("x")).is_ok())
            };
            host.close();
            assert_port_is_free(address);
            assert!(!host.is_open() && peer.state() == PeerState::Disconnected);
            assert!(waiter.join().unwrap(), "no event is left of a closed host");
            sender.join().unwrap();
            remote.pump();
        });
    }
}

#[test]
fn the_last_handle_closes_whichever_thread_drops_it() {
    many_orders(400, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let address = host.local_address().unwrap();
        remote.send(1);
        let droppers = [host.clone(), host].map(|handle| thread::spawn(move || drop(handle)));
        // A handle that is made of the peer meanwhile is as good as any.
        drop(peer.host());
        for dropper in droppers {
            dropper.join().unwrap();
        }
        assert!(peer.host().is_none() && !peer.is_active());
        assert_port_is_free(address);
    });
}

#[test]
fn a_host_that_opens_while_the_last_one_closes_gets_a_thread_that_works() {
    many_orders(400, || {
        let (host, _, _remote) = Remote::connected(true);
        let closer = thread::spawn(move || drop(host));
        // Connected means that a thread has driven it both ways.
        let (next, peer, _remote) = Remote::connected(true);
        closer.join().unwrap();
        assert!(next.is_open() && peer.is_active());
    });
}

#[test]
fn a_shutdown_ends_every_host_whatever_it_is_doing() {
    many_orders(400, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let other = UdpHost::open(UdpHostConfig::new(1)).unwrap();
        let user = thread::spawn(move || {
            let _ = peer.send(0, Packet::reliable("x"));
            host.service(FOR_EVER)
        });
        remote.send(1);
        crate::shutdown();
        assert!(!other.is_open());
        user.join().unwrap();
        drop(other);
        // The next host has a thread again.
        drop(Remote::connected(true));
    });
}
