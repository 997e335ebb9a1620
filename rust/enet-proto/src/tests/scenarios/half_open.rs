//! Attempts to connect whose address is not proven, where there are more than fit.

use std::net::SocketAddr;

use super::strangers::{START, acknowledgement, address, answers, connect, connects};
use super::*;
use crate::{DropCause, Event, Host, Limits, Reason};

/// There are 4095 labels: who comes when all are told to somebody is told one of them again.
#[test]
fn of_two_attempts_with_one_label_the_first_gets_in_and_stays_and_the_second_is_told() {
    let mut server = Host::new(config(4095, 77));
    for index in 0..=4095 {
        server.handle_datagram(START, address(index), &connect(index));
    }
    let told = answers(&mut server, START);
    let (second, others) = told.split_last().expect("all are answered");
    let label = 8..10;
    let first = others
        .iter()
        .find(|(_, answer)| answer[label.clone()] == second.1[label.clone()])
        .expect("no label is left");
    for (from, answer) in [first, second] {
        let proof = acknowledgement(answer);
        server.handle_datagram(START, *from, &proof.0);
    }
    assert_eq!(connects(&mut server), 1);
    let seen = server.statistics();
    assert_eq!(seen.dropped(DropCause::ConnectLimited), 1);
    let reason = Reason::TooMany.to_data().to_be_bytes();
    let dismissed = |(to, data): &(SocketAddr, Vec<u8>)| *to == second.0 && data.ends_with(&reason);
    assert!(answers(&mut server, START).iter().any(dismissed));
    // Label and session as in the proof.
    let head = &acknowledgement(&first.1).0[..2];
    let hello = Raw([
        &[head[0] | 0x80, head[1], 0, 0],
        &b"\x86\0\0\x01\0\x05hello"[..],
    ]
    .concat());
    server.handle_datagram(START, first.0, &hello.0);
    let Some(Event::Receive { packet, .. }) = server.poll_event() else {
        panic!("the first is heard by its label");
    };
    assert_eq!(packet.data(), &b"hello"[..]);
}

/// Who gets in of 120 that come in three waves to a table of 100, and prove their addresses when all have come.
fn who_gets_in(waves: [Vec<SocketAddr>; 3]) -> Vec<SocketAddr> {
    let limits = Limits {
        half_open: 100,
        ..Limits::default()
    };
    let mut server = Host::new(config(4095, 77).limits(limits));
    let mut told = Vec::new();
    for (now, wave) in (0..).map(|wave| START + millis(100 * wave)).zip(waves) {
        for from in wave {
            server.handle_datagram(now, from, &connect(told.len() as u32));
            told.extend(answers(&mut server, now));
        }
    }
    let seen = server.statistics();
    assert_eq!(seen.dropped(DropCause::HalfOpenEvicted), 120 - 100);
    let now = START + millis(300);
    let mut gets_in = |from: SocketAddr, answer: &[u8]| {
        server.handle_datagram(now, from, &acknowledgement(answer).0);
        (connects(&mut server) == 1).then_some(from)
    };
    told.iter()
        .filter_map(|(from, answer)| gets_in(*from, answer))
        .collect()
}

#[test]
fn where_attempts_are_too_many_those_of_a_crowded_source_go_first_11_1() {
    let of_crowd = |port: u16| SocketAddr::from(([10, 99, 0, 1], port));
    let (early, late) = (1..=10, 11..=30);
    let got_in = who_gets_in([
        early.clone().map(address).collect(),
        (1..=90).map(of_crowd).collect(),
        late.clone().map(address).collect(),
    ]);
    assert!(early.chain(late).all(|it| got_in.contains(&address(it))));
    assert_eq!(got_in.len(), 100);
}

#[test]
fn where_attempts_are_too_many_and_no_source_is_crowded_the_oldest_go_first() {
    let got_in = who_gets_in([1..=80, 81..=100, 101..=120].map(|it| it.map(address).collect()));
    assert!((81..=120).all(|it| got_in.contains(&address(it))));
    assert_eq!(got_in.len(), 100);
}
