//! Who gets in, and connections whose remote is located later, on real sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::slice::from_ref;

use crate::common::{
    Pair, Relay, client, config, loopback, next_event, pump, raw_socket, received, server,
    wait_until,
};
use enet_proto::{
    Admission, ConnectRequest, DisconnectCause, DropCause, Packet, PeerId, PeerState, Prefix,
    Verdict,
};
use enet_udp::{Bind, HostEvent, UdpHost, UdpHostConfig};

/// Lets in who connects with an even number, and nobody when there is no slot.
struct EvenOnly;

impl Admission for EvenOnly {
    fn decide(&mut self, request: &ConnectRequest) -> Verdict {
        if !request.full && request.data.is_multiple_of(2) {
            Verdict::Accept
        } else {
            Verdict::Refuse { data: 9 }
        }
    }

    fn admit(&mut self, _: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        Ok(())
    }

    fn left(&mut self, _: PeerId) {}
}

/// Lets everybody wait.
struct Lobby;

impl Admission for Lobby {
    fn decide(&mut self, _: &ConnectRequest) -> Verdict {
        Verdict::Wait
    }

    fn admit(&mut self, _: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        Ok(())
    }

    fn left(&mut self, _: PeerId) {}
}

in_both_modes! {
    fn who_waits_is_let_in_or_refused_by_the_answer(threaded: bool) {
        for (verdict, is_in) in [(Verdict::Accept, true), (Verdict::Refuse { data: 9 }, false)] {
            let (server, client) = (server(threaded), client(threaded));
            server.set_admission(Some(Box::new(Lobby)));
            client.connect(server.local_address().unwrap(), 2, 42).unwrap();
            let mut asked = None;
            pump(&[&server, &client], |events| {
                assert!(events.is_empty(), "{events:?}");
                asked = asked.or_else(|| server.next_waiting());
                asked.is_some()
            });
            let (id, request) = asked.unwrap();
            assert_eq!((request.data, request.from.port()), (42, client.local_address().unwrap().port()));
            assert!(server.next_waiting().is_none());
            server.answer(id, verdict);
            let events = pump(&[&server, &client], |events| events.len() == if is_in { 2 } else { 1 });
            let refused = matches!(events[..], [(1, HostEvent::Disconnect { data: 9, cause: DisconnectCause::Refused, .. })]);
            assert_eq!(refused, !is_in, "{events:?}");
            assert_eq!(server.peers().len(), usize::from(is_in));
        }
    }

    fn a_refused_client_is_told_and_the_server_hears_nothing_d04(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        server.set_admission(Some(Box::new(EvenOnly)));
        let peer = client.connect(server.local_address().unwrap(), 2, 1).unwrap();
        let events = pump(&[&server, &client], |events| !events.is_empty());
        let [(1, HostEvent::Disconnect { peer: refused, data: 9, cause: DisconnectCause::Refused })] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(refused, &peer);
        assert!(server.peers().is_empty());
        assert_eq!(server.statistics().connects_refused, 1);

        client.connect(server.local_address().unwrap(), 2, 2).unwrap();
        pump(&[&server, &client], |events| events.len() == 2);
        assert_eq!((server.peers().len(), client.peers().len()), (1, 1));
    }

    fn who_is_banned_has_to_leave_and_hears_why_when_he_comes_again(threaded: bool) {
        let prefix: Prefix = "127.0.0.0/8".parse().unwrap();
        let pair = Pair::of(server(threaded), client(threaded), 1);
        pair.server.ban(prefix, None, Some(9));
        pair.server.disconnect_from("10.0.0.0/8".parse().unwrap(), 8);
        pair.server.disconnect_from(prefix, 9);
        assert_eq!(pair.to_client.state(), PeerState::Disconnecting);
        let events = pump(&[&pair.server, &pair.client], |events| events.len() == 2);
        let is_told = |(index, event): &(usize, HostEvent)| {
            *index == 1 && matches!(event, HostEvent::Disconnect { data: 9, cause: DisconnectCause::Remote, .. })
        };
        assert!(events.iter().any(is_told), "{events:?}");
        assert_eq!((pair.to_client.left_with(), pair.to_server.left_with()), (Some(9), None));

        assert_eq!(pair.server.bans(), [(prefix, None)]);
        pair.client.connect(pair.server.local_address().unwrap(), 1, 2).unwrap();
        let events = pump(&[&pair.server, &pair.client], |events| !events.is_empty());
        assert!(matches!(events[..], [(1, HostEvent::Disconnect { data: 9, cause: DisconnectCause::Refused, .. })]), "{events:?}");
        assert!(pair.server.unban(prefix) && !pair.server.unban(prefix));
        pair.client.connect(pair.server.local_address().unwrap(), 1, 2).unwrap();
        pump(&[&pair.server, &pair.client], |events| events.len() == 2);
    }

    fn who_is_banned_while_he_was_to_leave_later_leaves_now(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        // Nothing is acknowledged before it passes on what was queued.
        let mut relay = Relay::to(server.local_address().unwrap());
        relay.connect(&server, &client);
        let to_client = server.peers()[0].clone();
        to_client.send(0, Packet::reliable("kept")).unwrap();
        to_client.disconnect_later(5);
        assert_eq!(to_client.state(), PeerState::DisconnectLater);
        server.disconnect_from("127.0.0.1".parse().unwrap(), 9);
        assert_eq!(to_client.state(), PeerState::Disconnecting);
        let events = pump(&[&server, &client], |events| {
            relay.pass();
            events.len() == 2
        });
        let is_told = |(index, event): &(usize, HostEvent)| {
            *index == 1 && matches!(event, HostEvent::Disconnect { data: 9, .. })
        };
        assert!(events.iter().any(is_told), "{events:?}");
    }

    fn who_is_banned_before_the_game_has_heard_of_him_comes_and_goes(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        client.connect(server.local_address().unwrap(), 1, 2).unwrap();
        pump(&[&client], |events| {
            server.poll();
            !events.is_empty()
        });
        wait_until(|| {
            server.poll();
            client.poll();
            server.statistics().half_open == 0
        });
        server.disconnect_from("127.0.0.1".parse().unwrap(), 9);
        let events = pump(&[&server, &client], |events| events.len() == 3);
        let of_server: Vec<_> = events.iter().filter(|(index, _)| *index == 0).collect();
        assert!(matches!(of_server[..], [(_, HostEvent::Connect { .. }), (_, HostEvent::Disconnect { .. })]), "{events:?}");
    }

    fn a_server_that_is_banned_before_the_game_has_heard_of_it_comes_and_goes(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        let peer = client.connect(server.local_address().unwrap(), 1, 2).unwrap();
        wait_until(|| {
            server.poll();
            client.poll();
            server.events_waiting() == 1 && client.events_waiting() == 1
        });
        client.disconnect_from("127.0.0.1".parse().unwrap(), 9);
        assert!(peer.is_active() && peer.left_with() == Some(9));
        let events = pump(&[&server, &client], |events| events.len() == 4);
        for index in 0..2 {
            let of_host: Vec<_> = events.iter().filter(|event| event.0 == index).collect();
            assert!(matches!(of_host[..], [(_, HostEvent::Connect { .. }), (_, HostEvent::Disconnect { .. })]), "{events:?}");
        }
    }

    fn a_full_server_with_an_admission_says_so_d32(threaded: bool) {
        let server = UdpHost::open(UdpHostConfig::new(1).threaded(threaded).bind(Bind::Address(loopback(0)))).unwrap();
        let pair = Pair::of(server, client(threaded), 1);
        pair.server.set_admission(Some(Box::new(EvenOnly)));
        let late = client(threaded);
        late.connect(pair.server.local_address().unwrap(), 1, 2).unwrap();
        let events = pump(&[&pair.server, &late], |events| !events.is_empty());
        assert!(matches!(events[..], [(1, HostEvent::Disconnect { data: 9, .. })]), "{events:?}");
        assert_eq!(pair.server.peers(), from_ref(&pair.to_client));
    }

    fn a_full_server_without_an_admission_is_silent(threaded: bool) {
        let server = UdpHost::open(UdpHostConfig::new(1).threaded(threaded).bind(Bind::Address(loopback(0)))).unwrap();
        let pair = Pair::of(server, client(threaded), 1);
        let stranger = raw_socket();
        // A CONNECT as ENet sends it, for slot 0, with connect id 1.
        let connect = [
            &[0x8F, 0xFF, 0, 0, 0x82, 0xFF, 0, 1, 0, 0, 0xFF, 0xFF][..],
            &[1392, 65_536, 1, 0, 0, 5000, 2, 2, 1, 2_u32].map(u32::to_be_bytes).concat(),
        ].concat();
        assert_eq!(connect.len(), 52);
        let before = pair.server.statistics().dropped(DropCause::ConnectIgnored);
        stranger.send_to(&connect, pair.server.local_address().unwrap()).unwrap();
        wait_until(|| {
            pair.server.poll();
            pair.server.statistics().dropped(DropCause::ConnectIgnored) > before
        });
        assert!(received(&stranger).is_empty());
    }

    fn a_peer_connects_when_it_is_located_d30(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        let peer = client.connect_later(3, 5).unwrap();
        assert_eq!((peer.state(), peer.channel_count(), peer.address()), (PeerState::Connecting, 3, None));
        assert_eq!(client.peers(), from_ref(&peer));
        peer.set_timeout(32, 5000, 30_000);
        client.flush();
        assert_eq!(client.local_address(), None, "nothing was sent");
        peer.locate(server.local_address());
        peer.locate(Some(loopback(1)));
        assert_eq!(peer.address(), server.local_address());
        let events = pump(&[&server, &client], |events| events.len() == 2);
        assert!(events.iter().any(|(index, event)| *index == 0 && matches!(event, HostEvent::Connect { data: 5, .. })));
        assert_eq!(peer.state(), PeerState::Connected);
    }

    fn a_peer_that_is_nowhere_ends_with_an_event_d30(threaded: bool) {
        let client = client(threaded);
        let peer = client.connect_later(1, 0).unwrap();
        peer.locate(None);
        assert!(peer.is_active(), "until the event is handed out");
        let HostEvent::Disconnect { peer: ended, data: 0, cause: DisconnectCause::Unlocated } = next_event(&client) else {
            panic!("another event")
        };
        assert_eq!((ended, peer.is_active()), (peer.clone(), false));
        assert!(client.peers().is_empty());
    }

    fn a_peer_given_up_before_it_is_located_sends_nothing_d30(threaded: bool) {
        let client = client(threaded);
        let peer = client.connect_later(1, 0).unwrap();
        peer.disconnect(1);
        assert!(!peer.is_active() && client.peers().is_empty());
        peer.locate(Some(loopback(1)));
        client.flush();
        assert_eq!((client.local_address(), peer.address()), (None, None));

        let peer = client.connect_later(1, 0).unwrap();
        client.close();
        peer.locate(Some(loopback(1)));
        assert!(!peer.is_active());
    }
}

#[test]
fn a_socket_knows_which_addresses_it_reaches_d30() {
    let open = |bind| UdpHost::open(config(false).bind(bind)).unwrap();
    let (v4, v6) = (
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    );
    let reached = |host: &UdpHost| (host.reaches(v4), host.reaches(v6));
    let has_v6 = UdpSocket::bind((v6, 0)).is_ok();
    assert_eq!(reached(&open(Bind::Unbound)), (true, has_v6));
    assert_eq!(reached(&open(Bind::Any { port: 0 })), (true, has_v6));
    assert_eq!(reached(&open(Bind::Address((v4, 0).into()))), (true, false));
    if has_v6 {
        assert_eq!(reached(&open(Bind::Address((v6, 0).into()))), (false, true));
    }
    let closed = open(Bind::Unbound);
    closed.close();
    assert_eq!(reached(&closed), (false, false));
}
