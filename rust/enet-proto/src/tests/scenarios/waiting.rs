//! CONNECTs that wait until the application decides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{
    Admission, ConnectRequest, DisconnectCause, DropCause, Host, Limits, PeerId, PeerState, Prefix,
    Reason, Time, Verdict, WaitingId,
};

/// Lets everybody wait, or in.
struct Lobby(Arc<AtomicBool>);

impl Admission for Lobby {
    fn decide(&mut self, request: &ConnectRequest) -> Verdict {
        match (request.full, self.0.load(Ordering::Relaxed)) {
            (true, _) => Verdict::Refuse {
                data: Reason::Full.to_data(),
            },
            (false, true) => Verdict::Wait,
            (false, false) => Verdict::Accept,
        }
    }

    fn admit(&mut self, _: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        Ok(())
    }

    fn left(&mut self, _: PeerId) {}
}

/// Puts a lobby before `host`; the switch tells whether one waits in it.
fn guard(host: &mut Host) -> Arc<AtomicBool> {
    let waits = Arc::new(AtomicBool::new(true));
    host.set_admission(Some(Box::new(Lobby(Arc::clone(&waits)))));
    waits
}

/// All that the application is asked now.
fn asked(host: &mut Host) -> Vec<(WaitingId, ConnectRequest)> {
    std::iter::from_fn(|| host.next_waiting()).collect()
}

fn address(source: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, source], port))
}

fn connect(number: u32) -> Vec<u8> {
    let connect = RawConnect {
        connect_id: number.to_be_bytes(),
        ..RawConnect::default()
    };
    connect.datagram()
}

/// Bytes of all that `host` has to send.
fn bytes_sent(host: &mut Host, now: Time) -> usize {
    let mut buffer = Vec::new();
    std::iter::from_fn(|| host.poll_transmit(now, &mut buffer).map(|_| buffer.len())).sum()
}

const START: Time = Time::from_millis(1000);

#[test]
fn who_waits_takes_no_slot_and_hears_nothing_until_he_is_let_in() {
    let mut pair = Setup::new(301).pair();
    guard(&mut pair.server.host);
    pair.record();
    pair.connect(42);
    pair.run_for(millis(300));
    assert_eq!(pair.record().len(), 1, "the CONNECT and no answer");
    assert_eq!(pair.server.host.peer_count(), 0);
    let seen = pair.server.host.statistics();
    assert_eq!((seen.waiting, seen.half_open), (1, 0));
    let [(id, request)] = asked(&mut pair.server.host)[..] else {
        panic!("one waits");
    };
    assert_eq!((request.from, request.data), (pair.client.address, 42));
    assert_eq!(asked(&mut pair.server.host), [], "each is asked about once");

    pair.server.host.answer(pair.now(), id, Verdict::Accept);
    // Well before the client repeats its CONNECT.
    pair.run_for(millis(100));
    assert_eq!(pair.server.connects(), [42]);
    assert_eq!(pair.client.state(), PeerState::Connected);
    assert_eq!(pair.server.host.statistics().waiting, 0);
}

#[test]
fn who_is_turned_away_after_a_wait_learns_why() {
    let mut pair = Setup::new(302).pair();
    guard(&mut pair.server.host);
    pair.connect(42);
    pair.run_for(millis(100));
    let (id, _) = pair.server.host.next_waiting().expect("one waits");
    let data = Reason::Filtered.to_data();
    pair.server
        .host
        .answer(pair.now(), id, Verdict::Refuse { data });
    pair.run_for(millis(100));
    assert_eq!(
        pair.client.disconnects(),
        [(data, DisconnectCause::Refused)]
    );
    assert_eq!(pair.server.events, []);
    let seen = pair.server.host.statistics();
    assert_eq!(seen.dropped(DropCause::ConnectRefused), 1);
}

#[test]
fn copies_make_no_new_question_and_let_the_admission_think_again() {
    let mut pair = Setup::new(303).pair();
    let waits = guard(&mut pair.server.host);
    pair.connect(42);
    pair.run_for(millis(2000));
    assert_eq!(asked(&mut pair.server.host).len(), 1, "copies came as well");
    waits.store(false, Ordering::Relaxed);
    pair.run_for(millis(3000));
    assert_eq!(pair.server.connects(), [42]);
    assert_eq!(pair.server.host.statistics().waiting, 0);
}

#[test]
fn a_wait_that_went_on_after_an_answer_of_wait_is_not_asked_about_again() {
    let mut server = Host::new(config(4, 1));
    guard(&mut server);
    server.handle_datagram(START, address(1, 1), &connect(1));
    let (id, _) = server.next_waiting().expect("one waits");
    server.answer(START, id, Verdict::Wait);
    assert_eq!(asked(&mut server), []);
    server.answer(START, id, Verdict::Ignore);
    server.answer(START, id, Verdict::Accept);
    let seen = server.statistics();
    assert_eq!((seen.waiting, seen.half_open), (0, 0));
    assert_eq!(seen.dropped(DropCause::ConnectIgnored), 1);
}

#[test]
fn a_flood_makes_room_for_itself_and_the_oldest_go_first() {
    let limits = Limits {
        waiting: 50,
        waiting_per_source: 20,
        ..Limits::default()
    };
    let mut server = Host::new(config(4, 2).limits(limits));
    guard(&mut server);
    for (number, source) in (0..1000).map(|number| (number, 1)) {
        server.handle_datagram(START, address(source, 9), &connect(number));
    }
    let seen = server.statistics();
    assert_eq!(seen.waiting, 20);
    assert_eq!(seen.dropped(DropCause::WaitingEvicted), 980);
    // From elsewhere there is room left.
    for port in 1..=30 {
        server.handle_datagram(START, address(2, port), &connect(0));
        server.handle_datagram(START, address(3, port), &connect(0));
    }
    assert_eq!(server.statistics().waiting, 50);
    let waiting = asked(&mut server);
    assert_eq!(waiting.len(), 50);
    let of = |source: u8| {
        let from =
            |(_, request): &&(_, ConnectRequest)| request.from.ip() == address(source, 0).ip();
        waiting.iter().filter(from).count()
    };
    assert_eq!((of(1), of(2), of(3)), (10, 20, 20));
    assert_eq!(bytes_sent(&mut server, START), 0);
}

#[test]
fn nobody_waits_for_longer_than_4_seconds() {
    let mut server = Host::new(config(4, 3));
    guard(&mut server);
    server.handle_datagram(START, address(1, 1), &connect(1));
    server.handle_datagram(START, address(1, 2), &connect(1));
    let (id, _) = server.next_waiting().expect("two wait");
    let due = server.poll_timeout().expect("a wait has an end");
    assert_eq!(due, START + millis(4000));
    // A copy does not prolong it.
    server.handle_datagram(START + millis(3500), address(1, 1), &connect(1));
    server.handle_timeout(START + millis(3999));
    assert_eq!(server.statistics().waiting, 2);
    server.handle_timeout(due);
    let seen = server.statistics();
    assert_eq!(
        (seen.waiting, seen.dropped(DropCause::WaitingExpired)),
        (0, 2)
    );
    server.answer(due, id, Verdict::Accept);
    assert_eq!(server.statistics().half_open, 0);
    // Who is still there asks anew.
    server.handle_datagram(due, address(1, 1), &connect(1));
    assert_eq!(asked(&mut server).len(), 1);
}

#[test]
fn who_may_not_join_any_more_is_not_let_in_by_a_late_answer() {
    let accept = |server: &mut Host| {
        let (id, _) = server.next_waiting().expect("one waits");
        server.answer(START, id, Verdict::Accept);
    };
    let mut server = Host::new(config(1, 4));
    guard(&mut server);
    server.handle_datagram(START, address(2, 1), &connect(1));
    server.connect(address(9, 9), 1, 0).expect("the only slot");
    accept(&mut server);
    assert_eq!(server.statistics().half_open, 0);
    assert_eq!(server.statistics().dropped(DropCause::ConnectRefused), 1);
    assert_eq!(server.statistics().waiting, 0);
}

#[test]
fn who_is_banned_waits_no_more_and_is_told_at_once_or_never() {
    let mut server = Host::new(config(4, 6));
    guard(&mut server);
    for source in 1..=4 {
        server.handle_datagram(START, address(source, 1), &connect(1));
    }
    let (first, request) = server.next_waiting().expect("four wait");
    assert_eq!(request.from, address(1, 1));
    let banned = |source: u8| Prefix::from(address(source, 1).ip());
    server.ban(START, banned(1), None, Some(Reason::Banned.to_data()));
    assert_eq!(bytes_sent(&mut server, START), 10);
    server.ban(START, banned(3), None, None);
    assert_eq!(bytes_sent(&mut server, START), 0);
    let seen = server.statistics();
    assert_eq!(seen.waiting, 2);
    assert_eq!(seen.dropped(DropCause::ConnectBanned), 2);
    // The filter's answer comes too late, and of the other one it is not asked.
    server.answer(START, first, Verdict::Accept);
    let left = asked(&mut server);
    let sources: Vec<_> = left.iter().map(|(_, request)| request.from).collect();
    assert_eq!(sources, [address(2, 1), address(4, 1)]);
    assert_eq!(server.statistics().half_open, 0);
}

#[test]
fn who_waited_gets_no_more_bytes_than_came_from_him_11_2() {
    let refuse = Verdict::Refuse { data: 1 };
    for (verdict, answers) in [(Verdict::Accept, 1), (refuse, 1), (Verdict::Ignore, 0)] {
        let mut server = Host::new(config(4, 5));
        guard(&mut server);
        let mut heard = 0;
        for _ in 0..3 {
            heard += connect(1).len();
            server.handle_datagram(START, address(1, 1), &connect(1));
        }
        let (id, _) = server.next_waiting().expect("one waits");
        server.answer(START, id, verdict);
        let sent = bytes_sent(&mut server, START);
        assert_eq!(sent > 0, answers == 1, "{verdict:?}");
        assert!(sent <= heard, "{verdict:?}");
        let seen = server.statistics();
        assert_eq!(seen.unproven_bytes_received, heard as u64);
        assert_eq!(seen.unproven_bytes_sent, sent as u64);
    }
}
