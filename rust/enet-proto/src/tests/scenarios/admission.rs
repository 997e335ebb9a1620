//! Who gets in: connections refused at the CONNECT itself, and what a refusal costs and tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::{
    Admission, Compressor, ConnectRequest, DisconnectCause, DropCause, Host, Packet, PeerId,
    PeerState, RangeCoder, Reason, Time, Verdict, crc32,
};

/// Lets in all but one user data, and whoever finds no slot is refused.
struct Door {
    unwanted: Arc<AtomicU32>,
    left: Sender<PeerId>,
}

/// A refusal's user data, to be seen at the other end.
const NO: u32 = 0x00C0_FFEE;
/// No client of these tests connects with this.
const NOBODY: u32 = u32::MAX;

impl Admission for Door {
    fn decide(&mut self, request: &ConnectRequest) -> Verdict {
        if request.full || request.data == self.unwanted.load(Ordering::Relaxed) {
            Verdict::Refuse { data: NO }
        } else {
            Verdict::Accept
        }
    }

    fn admit(&mut self, request: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        match self.decide(request) {
            Verdict::Refuse { data } => Err(data),
            _ => Ok(()),
        }
    }

    fn left(&mut self, peer: PeerId) {
        let _ = self.left.send(peer);
    }
}

/// Puts a door before `host`: what it does not let in, and who left through it.
fn guard(host: &mut Host) -> (Arc<AtomicU32>, Receiver<PeerId>) {
    let unwanted = Arc::new(AtomicU32::new(NOBODY));
    let (left, who_left) = channel();
    host.set_admission(Some(Box::new(Door {
        unwanted: Arc::clone(&unwanted),
        left,
    })));
    (unwanted, who_left)
}

#[test]
fn a_refused_client_learns_it_within_a_round_trip_and_never_was_connected_d04() {
    let mut pair = Setup::new(61).pair();
    let (unwanted, _) = guard(&mut pair.server.host);
    unwanted.store(1, Ordering::Relaxed);
    pair.connect(1);
    pair.run_for(millis(20));
    assert_eq!(pair.client.disconnects(), [(NO, DisconnectCause::Refused)]);
    assert!(pair.client.connects().is_empty());
    assert_eq!(pair.server.events, []);
    assert_eq!(pair.server.host.peer_count(), 0, "no slot was taken");
    assert_eq!(pair.server.host.statistics().connects_refused, 1);

    unwanted.store(NOBODY, Ordering::Relaxed);
    pair.connect(1);
    pair.run_until_idle();
    assert_eq!(
        (pair.client.connects(), pair.server.connects()),
        (vec![0], vec![1])
    );
}

#[test]
fn a_full_host_with_an_admission_says_so_d32() {
    let mut net = Setup::new(62).server(|_| config(1, 9)).net(2);
    let (_, _who_left) = guard(&mut net.server.host);
    net.connect(0, 10);
    net.run_until_idle();
    net.connect(1, 20);
    net.run_for(millis(20));
    assert_eq!(
        net.clients[1].disconnects(),
        [(NO, DisconnectCause::Refused)]
    );
    assert_eq!(net.server.connects(), [10]);
}

#[test]
fn who_is_one_too_many_of_his_address_is_told_by_a_host_with_an_admission() {
    for (guarded, told) in [(false, 0), (true, 1)] {
        let mut net = Setup::new(75)
            .server(|config| config.duplicate_peers(1))
            .net(2);
        let _guard = guarded.then(|| guard(&mut net.server.host));
        net.connect(0, 10);
        net.run_until_idle();
        net.connect(1, 20);
        net.run_for(millis(20));
        let too_many = (Reason::TooMany.to_data(), DisconnectCause::Refused);
        assert_eq!(net.clients[1].disconnects(), [too_many; 1][..told]);
        let limited = net.server.host.statistics();
        assert_eq!(limited.dropped(DropCause::ConnectLimited), 1);
    }
}

#[test]
fn an_ignored_client_hears_nothing_and_asks_again() {
    struct Deaf;
    impl Admission for Deaf {
        fn decide(&mut self, _: &ConnectRequest) -> Verdict {
            Verdict::Ignore
        }
        fn admit(&mut self, _: &ConnectRequest, _: PeerId) -> Result<(), u32> {
            Ok(())
        }
        fn left(&mut self, _: PeerId) {}
    }
    let mut pair = Setup::new(63).pair();
    pair.server.host.set_admission(Some(Box::new(Deaf)));
    pair.connect(1);
    pair.run_for(millis(100));
    assert_eq!(pair.client.state(), PeerState::Connecting);
    pair.server.host.set_admission(None);
    pair.run_until_idle();
    assert_eq!(pair.server.connects(), [1]);
}

#[test]
fn a_refusal_is_10_bytes_for_the_slot_that_the_connect_names_d04() {
    let mut pair = Setup::new(64).pair();
    let (unwanted, _) = guard(&mut pair.server.host);
    unwanted.store(7, Ordering::Relaxed);
    let connect = RawConnect {
        peer_id: 0x123,
        ..RawConnect::default()
    };
    pair.record();
    pair.inject(pair.client.address, &connect.datagram());
    pair.settle();
    let sent: Vec<Vec<u8>> = pair.record().into_iter().map(|sent| sent.data).collect();
    // Session 3; DISCONNECT without the acknowledge flag, number 1.
    let expected = Raw(vec![0x31, 0x23]).disconnect(false, 1, NO).0;
    assert_eq!(sent, [expected]);
    assert_eq!(sent[0].len(), 10);
}

#[test]
fn a_refusal_reaches_clients_that_demand_checksums_or_compress_d04() {
    for (number, checksum, coder) in [(0, true, false), (1, false, true), (2, true, true)] {
        let mut pair = Setup::new(65 + number)
            .both(|config| config.checksum(checksum.then_some(crc32)))
            .pair();
        for host in [&mut pair.client.host, &mut pair.server.host] {
            if coder {
                host.set_compressor(Some(Box::new(RangeCoder::new())));
            }
        }
        let (unwanted, _) = guard(&mut pair.server.host);
        unwanted.store(1, Ordering::Relaxed);
        pair.connect(1);
        pair.run_for(millis(20));
        assert_eq!(
            pair.client.disconnects(),
            [(NO, DisconnectCause::Refused)],
            "checksum {checksum}, range coder {coder}"
        );
    }
}

#[test]
fn an_address_that_is_not_proven_never_gets_more_bytes_than_came_from_it_d04() {
    /// Unpacks everything to the same CONNECT.
    struct Tiny(Vec<u8>);
    impl Compressor for Tiny {
        fn compress(&mut self, _: &[u8], _: &mut [u8]) -> Option<usize> {
            None
        }
        fn decompress(&mut self, _: &[u8], output: &mut [u8]) -> Option<usize> {
            output[..self.0.len()].copy_from_slice(&self.0);
            Some(self.0.len())
        }
    }
    let body = RawConnect::default().datagram()[4..].to_vec();
    for (len, answers) in [(9, 0), (10, 1)] {
        let mut pair = Setup::new(68).pair();
        pair.server
            .host
            .set_compressor(Some(Box::new(Tiny(body.clone()))));
        let (unwanted, _) = guard(&mut pair.server.host);
        unwanted.store(7, Ordering::Relaxed);
        let mut datagram = vec![0; len];
        // Compressed, with a sent time, for no slot.
        datagram[..2].copy_from_slice(&0xCFFF_u16.to_be_bytes());
        pair.record();
        pair.inject(pair.client.address, &datagram);
        pair.settle();
        assert_eq!(pair.record().len(), answers, "{len} bytes");
    }
    // Several in one datagram are one.
    let mut pair = Setup::new(68).pair();
    let (unwanted, _) = guard(&mut pair.server.host);
    unwanted.store(7, Ordering::Relaxed);
    let mut datagram = RawConnect::default().datagram();
    datagram.extend_from_slice(&body);
    datagram.extend_from_slice(&body);
    pair.record();
    pair.inject(pair.client.address, &datagram);
    pair.settle();
    assert_eq!(pair.record().len(), 1);
}

#[test]
fn a_late_copy_of_a_refused_connect_does_not_end_the_connection_that_followed_d04() {
    // C ENet looks at the session of a goodbye and not at its number.
    let mut pair = Setup::new(69)
        .client(|config| config.vanilla_quirks(true))
        .pair();
    let (unwanted, _) = guard(&mut pair.server.host);
    unwanted.store(1, Ordering::Relaxed);
    pair.record();
    pair.connect(1);
    pair.run_until_idle();
    let old_connect = pair.record().remove(0).data;
    pair.connect(2);
    pair.run_until_idle();
    pair.inject(pair.client.address, &old_connect);
    pair.run_until_idle();
    assert_eq!(pair.server.host.statistics().connects_refused, 2);
    assert_eq!(pair.client.state(), PeerState::Connected);
    pair.client.send(0, Packet::reliable("still here"));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), [b"still here"]);
}

#[test]
fn a_copy_of_a_connect_that_was_let_in_is_not_asked_about() {
    let mut pair = Setup::new(70).pair();
    let (unwanted, _) = guard(&mut pair.server.host);
    pair.record();
    pair.connect(1);
    pair.run_until_idle();
    let connect = pair.record().remove(0).data;
    unwanted.store(1, Ordering::Relaxed);
    pair.inject(pair.client.address, &connect);
    pair.run_until_idle();
    assert_eq!(pair.server.host.statistics().connects_refused, 0);
    assert_eq!(pair.client.state(), PeerState::Connected);
}

#[test]
fn a_host_that_is_full_of_leavers_lets_the_next_one_ask_again_d32() {
    let mut net = Setup::plain(71).server(|_| config(1, 9)).net(2);
    let (_, who_left) = guard(&mut net.server.host);
    net.connect(0, 10);
    net.run_until_idle();
    // The goodbye and the next CONNECT arrive before anybody takes events.
    let (leaver, newcomer) = (net.clients[0].address, net.clients[1].address);
    let goodbye = Raw::untimed(0).disconnect(false, 30, 0).0;
    let now = Time::from_millis(1000);
    let server = &mut net.server.host;
    server.handle_datagram(now, leaver, &goodbye);
    server.handle_datagram(now, newcomer, &RawConnect::default().datagram());
    assert_eq!(server.statistics().connects_refused, 0);
    assert_eq!(
        who_left.try_iter().count(),
        1,
        "what the leaver held is free"
    );
    net.run_until_idle();
    assert_eq!(net.server.disconnects(), [(0, DisconnectCause::Remote)]);
    net.server
        .host
        .handle_datagram(now, newcomer, &RawConnect::default().datagram());
    assert_eq!(net.server.host.statistics().half_open, 1);
}

#[test]
fn whoever_was_let_in_is_reported_once_when_he_leaves() {
    let ends: [fn(&mut Pair); 7] = [
        |pair| pair.client.host.disconnect(pair.client.peer(), 0),
        |pair| pair.client.host.disconnect_now(pair.client.peer(), 0),
        |pair| pair.server.host.disconnect(pair.server.peer(), 0),
        |pair| pair.server.host.disconnect_now(pair.server.peer(), 0),
        |pair| pair.server.host.disconnect_later(pair.server.peer(), 0),
        |pair| pair.server.host.reset(pair.server.peer()),
        |pair| pair.set_down(true),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let mut pair = Setup::new(72).pair();
        let (_, who_left) = guard(&mut pair.server.host);
        pair.connect(1);
        pair.run_until_idle();
        let peer = pair.server.peer();
        assert_eq!(who_left.try_iter().count(), 0);
        pair.server.send(0, Packet::reliable("to be acknowledged"));
        end(&mut pair);
        pair.run_for(millis(100_000));
        assert_eq!(
            who_left.try_iter().collect::<Vec<_>>(),
            [peer],
            "end {number}"
        );
    }
}

#[test]
fn a_half_open_connection_holds_nothing_and_an_outgoing_one_is_not_reported() {
    let mut pair = Setup::new(73).pair();
    let (_, who_left) = guard(&mut pair.server.host);
    pair.link_to_client().set_down(true);
    pair.connect(1);
    pair.run_for(millis(20));
    pair.link_to_server().set_down(true);
    pair.run_until_idle();
    assert_eq!(who_left.try_iter().count(), 0);

    let outgoing = pair.server.host.connect(pair.client.address, 1, 0);
    pair.server.host.reset(outgoing.expect("a slot is free"));
    assert_eq!(who_left.try_iter().count(), 0);
}

#[test]
fn a_peer_asked_to_leave_holds_its_place_until_it_has_answered() {
    let mut pair = Setup::new(74).pair();
    let (_, who_left) = guard(&mut pair.server.host);
    pair.connect(1);
    pair.run_until_idle();
    pair.server.host.disconnect(pair.server.peer(), 0);
    pair.run_for(millis(15));
    assert_eq!(who_left.try_iter().count(), 0);
    pair.run_until_idle();
    assert_eq!(who_left.try_iter().count(), 1);
}
