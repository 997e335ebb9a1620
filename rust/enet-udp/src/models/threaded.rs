//! Models of a host on the network thread, while the game's threads call it.

use enet_proto::{Packet, PeerState};

use super::many_orders;
use super::remote::{FOR_EVER, Remote};
use super::system::thread;
use crate::event::HostEvent;
use crate::host::UdpHost;
use crate::peer::UdpPeer;

fn packet(number: u8) -> Packet {
    Packet::reliable(vec![number])
}

fn next_payload(host: &UdpHost) -> u8 {
    match host.service(FOR_EVER) {
        Some(HostEvent::Receive { packet, .. }) => packet.data()[0],
        event => panic!("{event:?}"),
    }
}

fn end(host: UdpHost, peer: &UdpPeer) {
    drop(host);
    assert_eq!(peer.state(), PeerState::Disconnected);
}

#[test]
fn what_several_threads_queue_leaves_without_another_call() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let senders = [1, 2].map(|number| {
            let peer = peer.clone();
            thread::spawn(move || peer.send(number - 1, packet(number)).unwrap())
        });
        for sender in senders {
            sender.join().unwrap();
        }
        remote.tick_until(|remote| {
            remote.pump();
            remote.received.len() == 2
        });
        end(host, &peer);
    });
}

#[test]
fn a_full_datagram_leaves_while_the_clock_stands() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let gathering = {
            let peer = peer.clone();
            thread::spawn(move || peer.send(1, packet(1)).unwrap())
        };
        peer.send(0, Packet::reliable(vec![0; 1500])).unwrap();
        remote.pump_until(|remote| remote.received.iter().any(|data| data.len() == 1500));
        gathering.join().unwrap();
        end(host, &peer);
    });
}

#[test]
fn a_flush_has_sent_when_it_returns_and_datagrams_keep_their_order() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let other = {
            let (host, peer) = (host.clone(), peer.clone());
            thread::spawn(move || {
                peer.send(1, packet(9)).unwrap();
                host.flush();
            })
        };
        for number in 0..3 {
            // Of unreliable packets the older one is dropped when it comes later.
            peer.send(0, Packet::unreliable(vec![number])).unwrap();
            host.flush();
            remote.pump();
            let sent = remote.received.iter().filter(|data| data[0] < 9).count();
            assert_eq!(sent, usize::from(number) + 1, "the flush had not sent it");
        }
        other.join().unwrap();
        remote.pump();
        assert_eq!(remote.received.len(), 4);
        end(host, &peer);
    });
}

#[test]
fn each_event_is_handed_out_once_whoever_takes_it() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let takers = [0, 1].map(|_| {
            let host = host.clone();
            thread::spawn(move || [next_payload(&host), next_payload(&host)])
        });
        (0..4).for_each(|number| remote.send(number));
        let mut taken = takers.map(|taker| taker.join().unwrap()).concat();
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2, 3]);
        end(host, &peer);
    });
}

#[test]
fn events_come_in_their_order_and_a_poll_of_another_thread_takes_none() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(true);
        let poller = {
            let host = host.clone();
            thread::spawn(move || {
                host.poll();
                host.peers().len()
            })
        };
        (0..3).for_each(|number| remote.send(number));
        assert_eq!([0; 3].map(|_| next_payload(&host)), [0, 1, 2]);
        assert_eq!(poller.join().unwrap(), 1);
        end(host, &peer);
    });
}

#[test]
fn a_peer_that_shows_as_connected_has_its_channels() {
    many_orders(1000, || {
        let mut remote = Remote::new();
        let host = UdpHost::open(crate::UdpHostConfig::new(1)).unwrap();
        let peer = host.connect(remote.address(), 2, 0).unwrap();
        host.flush();
        remote.pump_until(|remote| remote.peer.is_some());
        let watcher = {
            let peer = peer.clone();
            thread::spawn(move || match peer.send(1, packet(1)) {
                Ok(()) => assert!(peer.channel_count() > 0),
                Err(error) => assert!(
                    matches!(error, enet_proto::SendError::NotConnected(_)),
                    "{error}"
                ),
            })
        };
        assert!(matches!(
            host.service(FOR_EVER),
            Some(HostEvent::Connect { .. })
        ));
        watcher.join().unwrap();
        end(host, &peer);
    });
}

#[test]
fn what_a_flush_leaves_unacknowledged_is_sent_again_in_time() {
    many_orders(600, || {
        let (host, peer, mut remote) = Remote::connected(true);
        // What is answered tells how long an answer takes: no time, so what follows is repeated long before the ping.
        peer.send(0, packet(0)).unwrap();
        host.flush();
        remote.tick_until(|remote| {
            remote.pump();
            let statistics = peer.statistics().expect("connected");
            statistics.round_trip_time < 100
        });
        peer.send(0, packet(1)).unwrap();
        host.flush();
        // The remote hears of it and does not answer; the network thread, which has not sent it, repeats it in time.
        let sent = remote.count_arrived();
        remote.tick_until(|remote| remote.count_arrived() > sent);
        end(host, &peer);
    });
}
