//! Ports, address families, silence before the start, and what has left when a call returns.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use crate::common::{
    CLOSED_PORT, PATIENCE, Pair, Relay, client, config, loopback, next_event, pump, raw_socket,
    received, server, wait_until,
};
use enet_proto::{Packet, PeerState};
use enet_udp::{Bind, ConnectError, HostEvent, OpenError, UdpHost};

/// Length of a CONNECT by itself.
///
/// Source: `ENetProtocolHeader` and `ENetProtocolConnect`, ENet 1.3.18 `protocol.h`: 4 and 48 bytes.
const CONNECT_LEN: usize = 52;

in_both_modes! {
    fn a_host_is_silent_until_its_first_poll(threaded: bool) {
        let remote = raw_socket();
        let silent = client(threaded);
        silent.connect(remote.local_addr().unwrap(), 1, 0).unwrap();
        // When a second host's datagram is there, the thread has had its chance to send for the first.
        let busy = client(threaded);
        busy.connect(remote.local_addr().unwrap(), 1, 0).unwrap();
        let mut senders = Vec::new();
        pump(&[&busy], |_| {
            senders.extend(received(&remote));
            !senders.is_empty()
        });
        assert!(senders.iter().all(|(_, from)| Some(from.port()) == port(&busy)), "{senders:?}");
        assert_eq!((silent.local_address(), silent.statistics().datagrams_sent), (None, 0));

        senders.clear();
        pump(&[&silent], |_| {
            senders.extend(received(&remote).into_iter().filter(|(_, from)| Some(from.port()) == port(&silent)));
            !senders.is_empty()
        });
        assert_eq!(senders[0].0.len(), CONNECT_LEN);
    }

    fn a_host_does_not_read_until_its_first_poll(threaded: bool) {
        let server = server(threaded);
        let client = client(threaded);
        client.connect(server.local_address().unwrap(), 1, 0).unwrap();
        client.flush();
        // The server shares the thread with this pair, whose whole conversation it sleeps through.
        Pair::connected(threaded);
        assert_eq!(server.statistics().datagrams_received, 0);
        pump(&[&server, &client], |events| events.len() == 2);
    }

    fn an_unbound_host_gets_a_port_with_its_first_datagram_and_accepts_then(threaded: bool) {
        let host = client(threaded);
        assert_eq!(host.local_address(), None);
        host.poll();
        assert_eq!(host.local_address(), None);
        let remote = raw_socket();
        host.socket_send(remote.local_addr().unwrap(), b"hello").unwrap();
        assert_eq!(received(&remote)[0].0, b"hello");
        let port = port(&host).unwrap();
        let client = client(threaded);
        client.connect(loopback(port), 1, 0).unwrap();
        pump(&[&host, &client], |events| events.len() == 2);
    }

    fn an_unbound_host_has_a_port_after_the_poll_that_begins_a_connection(threaded: bool) {
        let host = client(threaded);
        let remote = raw_socket();
        host.connect(remote.local_addr().unwrap(), 1, 0).unwrap();
        assert_eq!(host.local_address(), None);
        host.poll();
        let port = port(&host).expect("the poll sent, or has the thread send");
        wait_until(|| received(&remote).iter().any(|(_, from)| from.port() == port));
    }

    fn flush_has_sent_when_it_returns(threaded: bool) {
        let remote = raw_socket();
        let host = client(threaded);
        host.connect(remote.local_addr().unwrap(), 1, 0).unwrap();
        host.flush();
        let sent = received(&remote);
        assert_eq!(sent.iter().map(|(data, _)| data.len()).collect::<Vec<_>>(), [CONNECT_LEN]);
    }

    fn flush_has_sent_all_when_it_returns_however_much_it_is(threaded: bool) {
        const DATAGRAMS: u64 = 500;
        let pair = Pair::connected(threaded);
        let before = pair.client.statistics().datagrams_sent;
        for _ in 0..DATAGRAMS {
            pair.to_server.send(0, Packet::unreliable(vec![1; 1000])).unwrap();
        }
        pair.client.flush();
        let statistics = pair.client.statistics();
        assert!(statistics.datagrams_sent - before >= DATAGRAMS, "{statistics:?}");
        assert_eq!(statistics.datagrams_refused, 0);
    }

    fn disconnect_now_has_sent_when_it_returns(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        let mut relay = Relay::to(server.local_address().unwrap());
        let peer = relay.connect(&server, &client);
        peer.disconnect_now(99);
        assert!(says(&relay.kept(), 99));
    }

    fn close_has_sent_the_goodbyes_when_it_returns(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        let mut relay = Relay::to(server.local_address().unwrap());
        let peer = relay.connect(&server, &client);
        peer.disconnect(77);
        client.close();
        assert!(says(&relay.kept(), 77));
    }

    fn a_port_is_free_when_close_returns(threaded: bool) {
        let pair = Pair::connected(threaded);
        let address = pair.server.local_address().unwrap();
        let taken = UdpHost::open(config(threaded).bind(Bind::Address(address)));
        assert!(matches!(taken, Err(OpenError::Bind { .. })), "{taken:?}");
        let handle = pair.server.clone();
        pair.server.close();
        let again = UdpHost::open(config(threaded).bind(Bind::Address(address))).unwrap();
        assert_eq!(again.local_address(), Some(address));

        assert!(!handle.is_open() && handle.peers().is_empty());
        assert_eq!((handle.local_address(), handle.channel_limit()), (None, 0));
        assert!(!pair.to_client.is_active());
        assert_eq!(pair.to_client.state(), PeerState::Disconnected);
        assert!(pair.to_client.send(0, Packet::reliable("x")).is_err());
        assert_eq!(handle.connect(address, 1, 0), Err(ConnectError::Closed));
        assert!(handle.socket_send(address, b"x").is_err());
        assert_eq!(handle.broadcast(0, &Packet::reliable("x")), 0);
        handle.poll();
        handle.flush();
        assert!(handle.next_event().is_none());
        let start = Instant::now();
        assert!(handle.service(PATIENCE).is_none());
        assert!(start.elapsed() < PATIENCE / 2, "a closed host does not wait");
        handle.close();
    }

    fn the_last_handle_closes_the_host(threaded: bool) {
        let pair = Pair::connected(threaded);
        let address = pair.server.local_address().unwrap();
        let second = pair.to_client.host().unwrap();
        drop(pair.server);
        assert!(pair.to_client.is_active());
        drop(second);
        assert!(!pair.to_client.is_active() && pair.to_client.host().is_none());
        UdpSocket::bind(address).unwrap();
    }

    fn one_server_takes_clients_of_both_families(threaded: bool) {
        if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            return; // No IPv6 on this machine.
        }
        for bind in [Bind::Any { port: 0 }, Bind::Address((Ipv6Addr::UNSPECIFIED, 0).into())] {
            let server = UdpHost::open(config(threaded).bind(bind)).unwrap();
            let port = port(&server).unwrap();
            let (v4, v6) = (client(threaded), client(threaded));
            v4.connect((Ipv4Addr::LOCALHOST, port).into(), 1, 0).unwrap();
            v6.connect((Ipv6Addr::LOCALHOST, port).into(), 1, 0).unwrap();
            pump(&[&server, &v4, &v6], |events| events.len() == 4);
            let mut remotes: Vec<IpAddr> = server.peers().iter().map(|peer| peer.address().unwrap().ip()).collect();
            remotes.sort_unstable();
            assert_eq!(remotes, [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        }
    }

    fn the_ipv4_wildcard_is_ipv4_only(threaded: bool) {
        let server = UdpHost::open(config(threaded).bind(Bind::Address((Ipv4Addr::UNSPECIFIED, 0).into()))).unwrap();
        let address = server.local_address().unwrap();
        assert!(address.is_ipv4());
        if let Ok(beside) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) {
            drop(beside);
            UdpSocket::bind((Ipv6Addr::LOCALHOST, address.port())).expect("the IPv6 port is not taken");
        }
        server.close();
    }

    fn an_address_that_cannot_be_reached_is_packet_loss(threaded: bool) {
        let pair = Pair::connected(threaded);
        let closed_port = loopback(CLOSED_PORT);
        let wrong_family = SocketAddr::from((Ipv6Addr::LOCALHOST, 9));
        let no_route = SocketAddr::from(([255, 255, 255, 254], 9));
        for address in [closed_port, wrong_family, no_route] {
            pair.server.connect(address, 1, 0).unwrap();
        }
        pair.server.flush();
        for number in 0..20_u8 {
            pair.to_client.send(0, Packet::reliable(vec![number])).unwrap();
            let events = pump(&pair.hosts(), |events| !events.is_empty());
            assert_eq!(crate::common::payloads(&events, 1), [vec![number]]);
        }
        assert!(pair.server.is_open());
        assert_eq!(pair.server.peers().len(), 4);
    }

    fn datagrams_that_are_no_enet_are_dropped_and_counted(threaded: bool) {
        let server = server(threaded);
        let address = server.local_address().unwrap();
        let remote = raw_socket();
        for junk in [vec![], vec![0xFF; 4097], vec![0xAA; 60_000], vec![0], vec![0x55; 4096]] {
            remote.send_to(&junk, address).unwrap();
        }
        pump(&[&server], |_| server.statistics().datagrams_dropped == 5);
        assert_eq!(server.statistics().datagrams_received, 5);
        let pair = Pair::of(server, client(threaded), 1);
        assert!(pair.server.is_open());
        let event = {
            pair.to_server.send(0, Packet::reliable("after")).unwrap();
            pump(&pair.hosts(), |events| !events.is_empty())
        };
        assert_eq!(crate::common::payloads(&event, 0), [b"after"]);
    }
}

/// C ENet ends its pass at the first empty datagram; `enet-interop` shows that.
#[test]
fn one_pass_reads_what_lies_behind_empty_datagrams_11_9() {
    const EMPTY: u64 = 50;
    let (server, client) = (server(false), client(false));
    let address = server.local_address().unwrap();
    for _ in 0..EMPTY {
        raw_socket().send_to(&[], address).unwrap();
    }
    client.connect(address, 1, 0).unwrap();
    client.flush();
    server.poll();
    let seen = server.statistics();
    assert_eq!(
        (seen.datagrams_received, seen.datagrams_dropped),
        (EMPTY + 1, EMPTY)
    );
    assert_eq!(seen.datagrams_sent, 1, "the client is answered");
}

#[test]
fn service_wakes_on_arrival() {
    for threaded in [true, false] {
        let (server, client) = (server(threaded), client(true));
        let peer = client
            .connect(server.local_address().unwrap(), 1, 0)
            .unwrap();
        client.flush();
        assert!(matches!(next_event(&server), HostEvent::Connect { .. }));
        assert!(matches!(next_event(&client), HostEvent::Connect { .. }));
        peer.send(0, Packet::reliable("wake up")).unwrap();
        let start = Instant::now();
        let event = server.service(PATIENCE);
        assert!(
            matches!(event, Some(HostEvent::Receive { .. })),
            "{event:?}"
        );
        assert!(start.elapsed() < PATIENCE / 2);
    }
}

fn port(host: &UdpHost) -> Option<u16> {
    host.local_address().map(|address| address.port())
}

/// Whether one of `datagrams` ends in a goodbye with this user data.
fn says(datagrams: &[Vec<u8>], data: u32) -> bool {
    datagrams
        .iter()
        .any(|datagram| datagram.ends_with(&data.to_be_bytes()))
}
