//! What is told of every way in which a connection can end.

use std::net::SocketAddr;

use super::*;

fn server(is_connecting: bool) -> Remote {
    Remote::Server {
        address: "example.org".to_owned(),
        port: 8910,
        is_connecting,
    }
}

fn peer(is_client: bool) -> Remote {
    Remote::Peer {
        unique_id: 7,
        address: Some(SocketAddr::from(([10, 0, 0, 1], 4000))),
        is_client,
    }
}

fn by_event(remote: &Remote, cause: DisconnectCause, data: u32, was_left: bool) -> Report {
    let known = Circumstances {
        ending: Some(Ending { cause, data }),
        left_with: was_left.then_some(0),
        is_name_unknown: false,
        host: HostEnd::Open,
        max_stall_time: 1.5,
    };
    Report::of(remote, known)
}

fn failure_of(remote: &Remote, cause: DisconnectCause, data: u32) -> Failure {
    by_event(remote, cause, data, false).failure
}

#[test]
fn each_reason_of_a_server_is_told_as_it_is() {
    use DisconnectCause::{Refused, Remote};
    for (reason, failure) in [
        (Reason::Refused, Failure::Refused),
        (Reason::Full, Failure::Full),
        (Reason::Banned, Failure::Banned),
        (Reason::IdTaken, Failure::IdTaken),
        (Reason::IdInvalid, Failure::IdInvalid),
        (Reason::Filtered, Failure::Filtered),
        (Reason::TooMany, Failure::TooMany),
        (Reason::Closed, Failure::RemoteClosed),
        (Reason::Stalled, Failure::Stalled),
    ] {
        for (is_connecting, cause) in [(true, Refused), (false, Remote)] {
            let remote = server(is_connecting);
            let report = by_event(&remote, cause, reason.to_data(), false);
            assert_eq!((report.failure, report.code), (failure, 0));
            assert!(report.text.contains("example.org, port 8910"), "{report:?}");
        }
    }
    let kick = Reason::Kicked(4095).to_data();
    let report = by_event(&server(false), Remote, kick, false);
    assert_eq!((report.failure, report.code), (Failure::Kicked, 4095));
    assert_eq!(
        report.text,
        "The server at example.org, port 8910 kicked this side with code 4095."
    );
}

#[test]
fn numbers_of_other_programs_are_the_general_cause() {
    for data in [0, 1, 7, 0xE4E7, 0xE4E7_0000, 0xE4E7_1001, u32::MAX] {
        for (remote, cause, failure) in [
            (server(true), DisconnectCause::Refused, Failure::Refused),
            (
                server(false),
                DisconnectCause::Remote,
                Failure::RemoteClosed,
            ),
            (peer(true), DisconnectCause::Remote, Failure::RemoteClosed),
        ] {
            assert_eq!(failure_of(&remote, cause, data), failure, "{data:#x}");
        }
    }
}

#[test]
fn a_client_says_only_what_a_client_can_know() {
    for reason in [
        Reason::Refused,
        Reason::Full,
        Reason::Banned,
        Reason::IdTaken,
        Reason::IdInvalid,
        Reason::Filtered,
        Reason::TooMany,
        Reason::Kicked(3),
    ] {
        let report = by_event(
            &peer(true),
            DisconnectCause::Remote,
            reason.to_data(),
            false,
        );
        assert_eq!((report.failure, report.code), (Failure::RemoteClosed, 0));
    }
    let stalled = Reason::Stalled.to_data();
    assert_eq!(
        failure_of(&peer(true), DisconnectCause::Remote, stalled),
        Failure::Stalled
    );
    let kick = Reason::Kicked(3).to_data();
    assert_eq!(
        failure_of(&peer(false), DisconnectCause::Remote, kick),
        Failure::Kicked
    );
}

#[test]
fn silence_is_told_apart_by_what_it_ended() {
    use DisconnectCause::{Local, Timeout};
    for (remote, cause, was_left, failure) in [
        (server(true), Timeout, false, Failure::ConnectTimedOut),
        (server(false), Timeout, false, Failure::TimedOut),
        (peer(true), Timeout, false, Failure::TimedOut),
        (peer(true), Timeout, true, Failure::LocalClosed),
        (peer(true), Local, true, Failure::LocalClosed),
        (peer(true), Local, false, Failure::Stalled),
        (server(false), Local, false, Failure::Stalled),
    ] {
        assert_eq!(by_event(&remote, cause, 0, was_left).failure, failure);
    }
}

#[test]
fn a_name_that_nobody_knows_is_told_from_one_without_an_address_for_us() {
    for (is_name_unknown, words) in [
        (true, "was not found: nobody knows that name."),
        (false, "has no address that is reached from here."),
    ] {
        let ending = Ending {
            cause: DisconnectCause::Unlocated,
            data: 0,
        };
        let known = Circumstances {
            ending: Some(ending),
            left_with: None,
            is_name_unknown,
            host: HostEnd::Open,
            max_stall_time: 0.0,
        };
        let report = Report::of(&server(true), known);
        assert_eq!(report.failure, Failure::NameNotFound);
        let text = format!("The server at example.org, port 8910 {words}");
        assert_eq!(report.text, text);
    }
}

#[test]
fn what_this_side_did_is_told_by_what_the_other_was_told() {
    for (reason, text) in [
        (
            Reason::Kicked(42),
            "This side kicked peer 7 at 10.0.0.1, port 4000 with code 42.",
        ),
        (
            Reason::Banned,
            "This side banned peer 7 at 10.0.0.1, port 4000.",
        ),
        (
            Reason::Closed,
            "This side ended the connection to peer 7 at 10.0.0.1, port 4000.",
        ),
    ] {
        let report = Report::left(&peer(true), Some(reason.to_data()));
        assert_eq!((report.failure, report.code), (Failure::LocalClosed, 0));
        assert_eq!(report.text, text);
    }
}

#[test]
fn a_stall_is_told_with_the_side_whose_game_was_away() {
    let local = by_event(&peer(true), DisconnectCause::Local, 0, false);
    let data = Reason::Stalled.to_data();
    let remote = by_event(&peer(true), DisconnectCause::Remote, data, false);
    let refused = by_event(&server(true), DisconnectCause::Refused, data, false);
    for (report, begin) in [
        (
            local,
            "This game did not poll for longer than its 'max_stall_time' of 1.5 seconds, so peer 7",
        ),
        (
            remote,
            "The game of peer 7 at 10.0.0.1, port 4000 did not poll",
        ),
        (
            refused,
            "The game of the server at example.org, port 8910 has not polled",
        ),
    ] {
        assert_eq!(report.failure, Failure::Stalled);
        assert!(report.text.starts_with(begin), "{report:?}");
    }
}

#[test]
fn a_long_stall_time_is_told_with_the_shorter_time_of_a_game_that_runs() {
    let told = |max_stall_time| Report::stalled(&peer(true), max_stall_time).text;
    for (max_stall_time, time) in [
        (120.0, "'max_stall_time' of 120 seconds"),
        (0.0, "'max_stall_time'"),
    ] {
        let text = told(max_stall_time);
        assert!(
            text.contains(&format!(
                "{time}, or for 10 seconds though it ran, so peer 7"
            )),
            "{text}"
        );
        // To raise it would not help a game that runs.
        assert!(
            text.ends_with(", or set it to 0 if the game runs meanwhile. To leave, call close()."),
            "{text}"
        );
    }
    assert!(!told(10.0).contains("ran") && told(10.0).ends_with("'max_stall_time'."));
}

#[test]
fn a_session_that_did_not_begin_is_told_as_it_is_printed() {
    let unresolved = AddressError::Unresolved("256.1.1.1".to_owned());
    for (error, failure, text) in [
        (
            CreateError::LocalPort(-1),
            Failure::CantCreate,
            "The local port must be",
        ),
        (
            CreateError::Connect(unresolved.into()),
            Failure::NameNotFound,
            "Couldn't connect to the ENet multiplayer server: couldn't resolve",
        ),
    ] {
        let report = Report::of_creation(&error);
        assert_eq!(report.failure, failure);
        assert!(
            report.text.starts_with(text) && report.text.ends_with('.'),
            "{report:?}"
        );
    }
}

#[test]
fn what_ended_without_an_event_is_told_by_what_became_of_the_host() {
    for (host, was_left, failure) in [
        (HostEnd::Open, true, Failure::LocalClosed),
        (HostEnd::SocketLost, true, Failure::LocalClosed),
        (HostEnd::Destroyed, false, Failure::LocalClosed),
        (HostEnd::SocketLost, false, Failure::SocketLost),
        (
            HostEnd::Dtls(DtlsFailure::NotTrusted),
            false,
            Failure::Certificate,
        ),
        (
            HostEnd::Dtls(DtlsFailure::WrongName),
            false,
            Failure::Certificate,
        ),
        (
            HostEnd::Dtls(DtlsFailure::Handshake),
            false,
            Failure::Handshake,
        ),
        (
            HostEnd::Dtls(DtlsFailure::Closed),
            false,
            Failure::RemoteClosed,
        ),
    ] {
        let known = Circumstances {
            ending: None,
            left_with: was_left.then_some(0),
            is_name_unknown: false,
            host,
            max_stall_time: 0.0,
        };
        let report = Report::of(&server(true), known);
        assert_eq!(report.failure, failure, "{report:?}");
        assert!(report.text.ends_with('.') && !report.text.ends_with(".."));
    }
}

#[test]
fn the_names_of_scripts_count_from_none_and_are_unique() {
    let (names, numbers): (Vec<_>, Vec<_>) = Failure::CONSTANTS.iter().copied().unzip();
    assert_eq!(names[0], "FAILURE_NONE");
    assert_eq!(names.len(), 21);
    assert!(numbers.into_iter().eq(0..21));
}
