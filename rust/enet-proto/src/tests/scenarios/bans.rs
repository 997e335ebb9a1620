//! Who is turned away: bans that come at any time, and as what he is counted.

use super::strangers::{START, acknowledgement, address, answers, connect};
use super::*;
use crate::{
    Admission, ConnectRequest, DropCause, Host, HostConfig, Limits, PeerId, Reason, Verdict,
};

/// Lets everybody in but at the last moment.
struct Waverer;

impl Admission for Waverer {
    fn decide(&mut self, _: &ConnectRequest) -> Verdict {
        Verdict::Accept
    }

    fn admit(&mut self, _: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        Err(Reason::Filtered.to_data())
    }

    fn left(&mut self, _: PeerId) {}
}

/// Lets two ask for a connection, does something, and lets both prove their addresses: the user data that they are told,
/// and the host.
fn turned_away(config: HostConfig, between: impl FnOnce(&mut Host)) -> (Vec<u32>, Host) {
    let mut server = Host::new(config);
    for index in [1, 2] {
        server.handle_datagram(START, address(index), &connect(index));
    }
    let challenges = answers(&mut server, START);
    assert_eq!(challenges.len(), 2);
    between(&mut server);
    for (to, answer) in challenges {
        server.handle_datagram(START, to, &acknowledgement(&answer).0);
    }
    let told = |(_, answer): (_, Vec<u8>)| {
        // A goodbye: header of 2 bytes, its own of 4, user data.
        (answer.len() == 10).then(|| u32::from_be_bytes([6, 7, 8, 9].map(|at| answer[at])))
    };
    let told = answers(&mut server, START).into_iter().filter_map(told);
    (told.collect(), server)
}

#[test]
fn who_is_turned_away_at_the_proof_counts_by_his_cause() {
    let alone = |limits: Limits| config(9, 601).limits(limits);
    let one_joins = Limits {
        join_burst: 1,
        ..Limits::default()
    };
    let nothing: fn(&mut Host) = |_| {};
    let cases = [
        (
            config(1, 601),
            nothing,
            DropCause::ConnectIgnored,
            vec![Reason::Full],
        ),
        (
            alone(one_joins),
            nothing,
            DropCause::ConnectLimited,
            vec![Reason::TooMany],
        ),
        (
            config(9, 601),
            |server| server.set_admission(Some(Box::new(Waverer))),
            DropCause::ConnectRefused,
            vec![Reason::Filtered; 2],
        ),
        (
            config(9, 601),
            |server| {
                let answer = Some(Reason::Banned.to_data());
                server.ban(START, address(2).ip().into(), None, answer);
            },
            DropCause::ConnectBanned,
            vec![Reason::Banned],
        ),
    ];
    for (config, between, cause, reasons) in cases {
        let (told, server) = turned_away(config, between);
        let data: Vec<u32> = reasons.into_iter().map(Reason::to_data).collect();
        assert_eq!(told, data, "{cause:?}");
        let seen = server.statistics();
        let dropped: Vec<_> = DropCause::ALL
            .into_iter()
            .filter(|&cause| seen.dropped(cause) > 0)
            .collect();
        assert_eq!(dropped, [cause]);
        assert_eq!(seen.dropped(cause), data.len() as u64);
        assert_eq!(seen.connects_refused, data.len() as u64);
    }
}

#[test]
fn a_silent_ban_between_connect_and_proof_stays_silent() {
    let (told, server) = turned_away(config(9, 602), |server| {
        server.ban(START, address(2).ip().into(), None, None);
    });
    assert!(told.is_empty());
    let seen = server.statistics();
    assert_eq!(seen.dropped(DropCause::ConnectBanned), 1);
    assert_eq!((seen.connects_refused, server.peer_count()), (0, 1));
}

#[test]
fn a_flood_of_the_banned_takes_nothing_of_the_rate_of_the_others() {
    let limits = Limits {
        attempts: 10,
        ..Limits::default()
    };
    let mut server = Host::new(config(9, 603).limits(limits));
    let banned = "10.0.0.0/16".parse().expect("a prefix");
    server.ban(START, banned, None, None);
    for index in 0..1000 {
        server.handle_datagram(START, address(index), &connect(index));
    }
    for index in (1 << 16)..(1 << 16) + 10 {
        server.handle_datagram(START, address(index), &connect(index));
    }
    let seen = server.statistics();
    assert_eq!(seen.dropped(DropCause::ConnectBanned), 1000);
    assert_eq!(seen.dropped(DropCause::ConnectCrowded), 0);
    assert_eq!(seen.half_open, 10);
}
