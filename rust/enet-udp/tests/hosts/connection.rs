//! How connections begin and end, and when each side sees it.

use std::slice::from_ref;

use crate::common::{
    CLOSED_PORT, Pair, Relay, client, config, loopback, next_event, payloads, pump, raw_socket,
    server, wait_until,
};
use enet_proto::{DisconnectCause, Packet, PeerState, Recovery, SendError};
use enet_udp::{Bind, ConnectError, HostEvent, UdpHost, UdpHostConfig, UdpPeer};

in_both_modes! {
    fn a_host_that_follows_its_peer_goes_from_one_server_to_the_next(threaded: bool) {
        let follower = UdpHost::open(UdpHostConfig::new(1).threaded(threaded).follow_peer(true)).unwrap();
        for round in 0..3 {
            let pair = Pair::of(server(threaded), follower.clone(), 1);
            pair.to_server.send(0, Packet::reliable("there")).unwrap();
            pair.to_client.send(0, Packet::reliable("back")).unwrap();
            let events = pump(&pair.hosts(), |events| events.len() == 2);
            assert_eq!((payloads(&events, 0), payloads(&events, 1)), (vec![b"there".to_vec()], vec![b"back".to_vec()]));
            pair.to_server.disconnect(round);
            let events = pump(&pair.hosts(), |events| events.len() == 2);
            assert!(events.iter().all(|(_, event)| matches!(event, HostEvent::Disconnect { .. })), "{events:?}");
        }
    }

    fn a_connection_opens_in_both_roles(threaded: bool) {
        let server = server(threaded);
        let client = client(threaded);
        let peer = client.connect(server.local_address().unwrap(), 3, 0xFFFF_FFFF).unwrap();
        assert_eq!((peer.state(), peer.channel_count()), (PeerState::Connecting, 3));
        assert_eq!(client.peers(), from_ref(&peer));
        assert_eq!(peer.send(0, Packet::reliable("early")), Err(SendError::NotConnected(PeerState::Connecting)));
        assert!(server.peers().is_empty());

        let events = pump(&[&server, &client], |events| events.len() == 2);
        for (index, event) in events {
            let HostEvent::Connect { peer: opened, data } = event else { panic!("{event:?}") };
            assert_eq!(data, [0xFFFF_FFFF, 0][index]);
            assert_eq!((opened.state(), opened.channel_count()), (PeerState::Connected, 3));
            assert_eq!([&server, &client][index].peers(), from_ref(&opened));
            assert_eq!(opened.host().as_ref(), Some([&server, &client][index]));
        }
        assert_eq!(peer.address(), server.local_address());
        assert_eq!(server.peers()[0].address().unwrap().port(), client.local_address().unwrap().port());
    }

    fn the_channel_limit_of_the_accepting_host_counts(threaded: bool) {
        let server = UdpHost::open(config(threaded).bind(Bind::Address(loopback(0))).channel_limit(2)).unwrap();
        assert_eq!(server.channel_limit(), 2);
        let pair = Pair::of(server, client(threaded), 9);
        assert_eq!((pair.to_client.channel_count(), pair.to_server.channel_count()), (2, 2));
        let refused = SendError::NoSuchChannel { channel_id: 2, channel_count: 2 };
        assert_eq!(pair.to_server.send(2, Packet::reliable("x")), Err(refused));
    }

    fn the_first_ping_travels_with_the_acknowledgement_of_the_connection(threaded: bool) {
        // The parts of a datagram, as ENet 1.3.18 has them in `protocol.h`.
        const HEADER_ACKNOWLEDGE_PING: usize = 4 + 8 + 4;
        // With the fast strategy a probe of the path follows at once.
        let client = UdpHost::open(config(threaded).recovery(Recovery::Vanilla)).unwrap();
        let server = server(threaded);
        let mut relay = Relay::to(server.local_address().unwrap());
        relay.connect(&server, &client);
        assert_eq!(relay.passed[1].len(), HEADER_ACKNOWLEDGE_PING, "{:?}", relay.passed);
    }

    fn a_disconnect_tells_both_sides(threaded: bool) {
        let pair = Pair::connected(threaded);
        pair.to_server.disconnect(42);
        assert_eq!((pair.to_server.state(), pair.to_server.channel_count()), (PeerState::Disconnecting, 0));
        let events = pump(&pair.hosts(), |events| events.len() == 2);
        for (index, event) in events {
            let HostEvent::Disconnect { peer, data, cause } = event else { panic!("{event:?}") };
            let expected = [(&pair.to_client, 42, DisconnectCause::Remote), (&pair.to_server, 0, DisconnectCause::Local)];
            assert_eq!((&peer, data, cause), expected[index]);
            assert!(!peer.is_active());
        }
        for (host, peer) in [(&pair.server, &pair.to_client), (&pair.client, &pair.to_server)] {
            assert!(host.peers().is_empty());
            assert_eq!((peer.state(), peer.channel_count()), (PeerState::Disconnected, 0));
            assert_eq!((peer.address(), peer.statistics()), (None, None));
            assert_eq!(peer.send(0, Packet::reliable("x")), Err(SendError::NotConnected(PeerState::Disconnected)));
            peer.disconnect(1);
            peer.disconnect_now(1);
            peer.disconnect_later(1);
            peer.reset();
            peer.ping();
        }
    }

    fn a_goodbye_at_once_has_no_event_here_and_one_there(threaded: bool) {
        let pair = Pair::connected(threaded);
        pair.to_server.disconnect_now(9);
        assert!(!pair.to_server.is_active() && pair.client.peers().is_empty());
        let events = pump(&pair.hosts(), |events| !events.is_empty());
        assert!(matches!(&events[..], [(0, HostEvent::Disconnect { data: 9, .. })]), "{events:?}");
        assert!(pair.client.service(crate::common::MOMENT).is_none());
    }

    fn a_later_goodbye_delivers_what_was_queued(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        // Nothing is acknowledged before it passes on what was queued.
        let mut relay = Relay::to(server.local_address().unwrap());
        let to_server = relay.connect(&server, &client);
        let sent: Vec<Vec<u8>> = (0..200).map(|byte| vec![byte; 900]).collect();
        for payload in &sent {
            to_server.send(1, Packet::reliable(payload.clone())).unwrap();
        }
        to_server.disconnect_later(5);
        assert_eq!(to_server.state(), PeerState::DisconnectLater);
        let late = to_server.send(1, Packet::reliable("late"));
        assert_eq!(late, Err(SendError::NotConnected(PeerState::DisconnectLater)));
        let ends = |events: &[(usize, HostEvent)]| {
            events.iter().filter(|(_, event)| matches!(event, HostEvent::Disconnect { .. })).count()
        };
        let events = pump(&[&server, &client], |events| {
            relay.pass();
            ends(events) == 2
        });
        assert_eq!(payloads(&events, 0), sent);
        let last = events.iter().rfind(|(index, _)| *index == 0).unwrap();
        assert!(matches!(last.1, HostEvent::Disconnect { data: 5, .. }), "{last:?}");
    }

    fn no_poll_hands_out_a_goodbye_beside_the_data_before_it(threaded: bool) {
        let pair = Pair::connected(threaded);
        for byte in 0..3 {
            pair.to_server.send(0, Packet::reliable(vec![byte])).unwrap();
        }
        pair.client.flush();
        pair.to_server.disconnect_now(0);
        let mut polls: Vec<Vec<HostEvent>> = Vec::new();
        wait_until(|| {
            pair.server.poll();
            let events: Vec<_> = std::iter::from_fn(|| pair.server.next_event()).collect();
            if !events.is_empty() {
                polls.push(events);
            }
            matches!(polls.last().map(Vec::as_slice), Some([.., HostEvent::Disconnect { .. }]))
        });
        assert_eq!(polls.concat().len(), 4, "{polls:?}");
        assert_eq!(polls.last().unwrap().len(), 1, "{polls:?}");
    }

    fn a_reset_is_silent(threaded: bool) {
        let pair = Pair::connected(threaded);
        pair.to_client.reset();
        assert!(!pair.to_client.is_active() && pair.server.peers().is_empty());
        assert!(pair.server.service(crate::common::MOMENT).is_none());
        assert!(pair.client.service(crate::common::MOMENT).is_none());
        assert_eq!(pair.to_server.state(), PeerState::Connected);
    }

    fn an_attempt_ends_at_once_and_frees_its_slot(threaded: bool) {
        let nobody = raw_socket();
        let client = UdpHost::open(UdpHostConfig::new(1).threaded(threaded)).unwrap();
        let ends: [fn(&UdpPeer); 3] =
            [|peer| peer.disconnect(3), |peer| peer.disconnect_later(3), UdpPeer::reset];
        for end in ends {
            let peer = client.connect(nobody.local_addr().unwrap(), 1, 0).unwrap();
            client.poll();
            let second = client.connect(nobody.local_addr().unwrap(), 1, 0);
            assert!(matches!(second, Err(ConnectError::Refused(_))), "{second:?}");
            end(&peer);
            assert!(!peer.is_active() && client.peers().is_empty());
            client.poll();
            assert!(client.next_event().is_none());
        }
    }

    fn an_attempt_that_nobody_answers_times_out(threaded: bool) {
        let nobody = raw_socket();
        let client = client(threaded);
        let peer = client.connect(nobody.local_addr().unwrap(), 1, 0).unwrap();
        peer.set_timeout(1, 10, 20);
        let event = next_event(&client);
        let HostEvent::Disconnect { peer: ended, data: 0, cause: DisconnectCause::Timeout } = event else {
            panic!("{event:?}")
        };
        assert_eq!(ended, peer);
        assert!(!peer.is_active());
    }

    fn events_come_one_poll_at_a_time(threaded: bool) {
        let pair = Pair::connected(threaded);
        assert!(pair.client.next_event().is_none());
        let received = pair.client.statistics().datagrams_received;
        pair.to_client.send(0, Packet::reliable("x")).unwrap();
        pair.server.flush();
        pump(&[&pair.server], |_| {
            assert!(pair.client.next_event().is_none(), "nothing before a poll");
            if !threaded {
                return true;
            }
            pair.client.statistics().datagrams_received > received
        });
        let start = std::time::Instant::now();
        let event = loop {
            assert!(start.elapsed() < crate::common::PATIENCE);
            pair.client.poll();
            if let Some(event) = pair.client.next_event() {
                break event;
            }
        };
        assert!(matches!(event, HostEvent::Receive { .. }), "{event:?}");
        assert!(pair.client.next_event().is_none());
    }
}

#[test]
fn what_the_remote_did_shows_with_its_event() {
    let pair = Pair::connected(true);
    pair.to_server.disconnect(8);
    // The client's event means that the server acknowledged, so the server's engine knows.
    assert!(matches!(
        next_event(&pair.client),
        HostEvent::Disconnect {
            cause: DisconnectCause::Local,
            ..
        }
    ));
    assert_eq!(
        (pair.to_client.state(), pair.to_client.channel_count()),
        (PeerState::Connected, 4)
    );
    assert_eq!(pair.server.peers(), from_ref(&pair.to_client));
    assert_eq!(pair.to_client.send(0, Packet::reliable("dropped")), Ok(()));
    pair.server.poll();
    let event = pair.server.next_event();
    assert!(
        matches!(event, Some(HostEvent::Disconnect { data: 8, .. })),
        "{event:?}"
    );
    assert!(!pair.to_client.is_active() && pair.server.peers().is_empty());
}

#[test]
fn a_peer_that_came_shows_with_its_event_and_no_broadcast_reaches_it_before() {
    let server = server(true);
    let client = client(true);
    server.poll();
    client
        .connect(server.local_address().unwrap(), 1, 0)
        .unwrap();
    assert!(matches!(next_event(&client), HostEvent::Connect { .. }));
    // The server answers the client's connection once more, with an acknowledgement: then it knows the client.
    let seen = server.statistics().datagrams_received;
    client.peers()[0].ping();
    wait_until(|| server.statistics().datagrams_received > seen);
    assert!(server.peers().is_empty());
    assert_eq!(server.broadcast(0, &Packet::reliable("too early")), 0);
    assert!(matches!(next_event(&server), HostEvent::Connect { .. }));
    assert_eq!(server.broadcast(0, &Packet::reliable("now")), 1);
    let event = next_event(&client);
    assert!(
        matches!(&event, HostEvent::Receive { packet, .. } if packet.data() == "now"),
        "{event:?}"
    );
}

#[test]
fn a_goodbye_of_ours_drops_what_was_not_taken() {
    let ends: [fn(&UdpPeer); 2] = [|peer| peer.disconnect(0), |peer| peer.disconnect_later(0)];
    for end in ends {
        let pair = Pair::connected(true);
        pair.to_client.send(0, Packet::reliable("unread")).unwrap();
        pair.server.flush();
        wait_until(|| {
            pair.to_client
                .statistics()
                .is_some_and(|now| now.reliable_data_in_transit == 0)
        });
        end(&pair.to_server);
        let event = next_event(&pair.client);
        assert!(
            matches!(
                event,
                HostEvent::Disconnect {
                    cause: DisconnectCause::Local,
                    ..
                }
            ),
            "{event:?}"
        );
    }
}

#[test]
fn what_the_thread_was_still_gathering_arrives_before_a_goodbye() {
    let leave: [fn(&UdpPeer); 2] = [|peer| peer.disconnect(0), |peer| peer.disconnect_now(0)];
    for leave in leave {
        let pair = Pair::connected(true);
        let sent: Vec<Vec<u8>> = (0..3).map(|byte| vec![byte]).collect();
        for payload in &sent {
            pair.to_server
                .send(0, Packet::reliable(payload.clone()))
                .unwrap();
        }
        leave(&pair.to_server);
        let events = pump(&[&pair.server], |events| {
            events
                .iter()
                .any(|(_, event)| matches!(event, HostEvent::Disconnect { .. }))
        });
        assert_eq!(payloads(&events, 0), sent);
    }
}

#[test]
fn a_client_that_leaves_as_it_hears_of_the_connection_was_never_there() {
    let (server, client) = (server(false), client(false));
    let address = server.local_address().unwrap();
    let peer = client.connect(address, 1, 0).unwrap();
    pump(&[&client, &server], |events| {
        events.iter().any(|(index, _)| *index == 0)
    });
    peer.disconnect_now(0);
    // The goodbye has arrived: nothing else was sent after the CONNECT.
    wait_until(|| {
        server.poll();
        server.statistics().datagrams_received == 2
    });
    assert!(server.next_event().is_none());
}

#[test]
fn who_leaves_a_server_that_nobody_polls_makes_no_room_for_the_next() {
    let address = Bind::Address(loopback(0));
    let server = UdpHost::open(UdpHostConfig::new(1).bind(address)).unwrap();
    let target = server.local_address().unwrap();
    server.poll();
    let join = || {
        let client = client(true);
        let peer = client.connect(target, 1, 0).unwrap();
        (client, peer)
    };
    let (first, peer) = join();
    pump(&[&first], |events| events.len() == 1);
    peer.send(0, Packet::reliable(vec![1; 100_000])).unwrap();
    peer.disconnect_later(0);
    pump(&[&first], |events| events.len() == 1);
    let before = server.statistics();
    let (second, peer) = join();
    // When its second copy is there the first CONNECT was dealt with.
    wait_until(|| {
        second.poll();
        server.statistics().datagrams_received >= before.datagrams_received + 2
    });
    assert_eq!(server.statistics().datagrams_sent, before.datagrams_sent);
    // As the game takes the events, the slot is free for the next copy of the CONNECT.
    pump(&[&server, &second], |events| {
        events.iter().any(|(index, _)| *index == 1)
    });
    assert_eq!(peer.state(), PeerState::Connected);
}

/// A socket that is tied to its remote hears of it on these systems.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod following {
    use super::*;

    fn follower(threaded: bool) -> UdpHost {
        UdpHost::open(UdpHostConfig::new(1).threaded(threaded).follow_peer(true)).unwrap()
    }

    #[test]
    fn a_port_that_nobody_serves_ends_the_attempt_as_soon_as_the_system_reports_it() {
        for threaded in [true, false] {
            let address = loopback(CLOSED_PORT);
            let client = follower(threaded);
            let peer = client.connect(address, 1, 0).unwrap();
            // Long before the first retransmission: with one more datagram the attempt would not have ended at once.
            let event = next_event(&client);
            assert!(
                matches!(&event, HostEvent::Disconnect { peer: ended, cause: DisconnectCause::Unreachable, .. }
                    if *ended == peer),
                "{event:?}"
            );
            assert_eq!(client.statistics().datagrams_sent, 1);
            let server = server(threaded);
            Pair::of(server, client, 1);
        }
    }

    #[test]
    fn strangers_do_not_reach_a_host_that_follows_its_peer() {
        for threaded in [true, false] {
            let pair = Pair::of(server(threaded), follower(threaded), 1);
            let address = loopback(pair.client.local_address().unwrap().port());
            let before = pair.client.statistics().datagrams_dropped;
            raw_socket().send_to(b"stranger", address).unwrap();
            pair.to_client.send(0, Packet::reliable("friend")).unwrap();
            pump(&pair.hosts(), |events| !events.is_empty());
            assert_eq!(pair.client.statistics().datagrams_dropped, before);
        }
    }

    #[test]
    fn a_server_that_is_gone_for_a_moment_does_not_end_an_open_connection() {
        for threaded in [true, false] {
            let pair = Pair::of(server(threaded), follower(threaded), 1);
            pair.server.close();
            for _ in 0..5 {
                pair.to_server.send(0, Packet::reliable("hello?")).unwrap();
                pair.client.flush();
                assert!(pair.client.service(crate::common::MOMENT).is_none());
            }
            assert_eq!(pair.to_server.state(), PeerState::Connected);
        }
    }
}
