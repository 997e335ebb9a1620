//! [`Report`]: why a connection, or the attempt at one, ended, as scripts and people are told.
//!
//! What another program says counts only where it can know, and only in the form that ours say it in
//! ([`Reason`]): all else is the general cause.

use std::net::SocketAddr;

use enet_proto::{DisconnectCause, Reason};

use crate::connection::HostEnd;
use crate::convert::{address_text, sentence};
use crate::dtls::DtlsFailure;
use crate::error::{AddressError, ConnectError, CreateError};
use crate::packet_peer::Ending;

/// Declares [`Failure`], its numbers and names at once.
macro_rules! failures {
    ($($variant:ident = $constant:literal,)*) => {
        /// `ENetMultiplayerPeerRs.Failure`; the numbers count from 0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(super) enum Failure {
            #[default]
            $($variant,)*
        }

        impl Failure {
            /// The names that scripts know, and what they stand for.
            pub(super) const CONSTANTS: &[(&str, i64)] = &[
                $((concat!("FAILURE_", $constant), Self::$variant as i64),)*
            ];
        }
    };
}

failures! {
    None = "NONE",
    Refused = "REFUSED",
    Full = "FULL",
    Banned = "BANNED",
    IdTaken = "ID_TAKEN",
    IdInvalid = "ID_INVALID",
    Filtered = "FILTERED",
    TooMany = "TOO_MANY",
    Kicked = "KICKED",
    TimedOut = "TIMED_OUT",
    ConnectTimedOut = "CONNECT_TIMED_OUT",
    Unreachable = "UNREACHABLE",
    NameNotFound = "NAME_NOT_FOUND",
    Certificate = "CERTIFICATE",
    Handshake = "HANDSHAKE",
    RemoteClosed = "REMOTE_CLOSED",
    LocalClosed = "LOCAL_CLOSED",
    ProtocolMismatch = "PROTOCOL_MISMATCH",
    Stalled = "STALLED",
    SocketLost = "SOCKET_LOST",
    CantCreate = "CANT_CREATE",
}

/// What is told of one end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Report {
    pub(super) failure: Failure,
    /// Of a kick; else 0.
    pub(super) code: u16,
    /// A sentence for people; empty while there is nothing to tell.
    pub(super) text: String,
}

/// The other side of a connection, as it is called in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remote {
    /// The server that a client connects to, or was connected to.
    Server {
        /// As the script gave it.
        address: String,
        port: i32,
        is_connecting: bool,
    },
    /// A client, or another peer of a mesh.
    Peer {
        unique_id: i32,
        address: Option<SocketAddr>,
        /// Whether it is a client of ours, which cannot turn us away.
        is_client: bool,
    },
}

/// What is known of an end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circumstances {
    /// What the event told, if there was one.
    pub(super) ending: Option<Ending>,
    /// The data of the call by which this side asked for the end, if it did.
    pub(super) left_with: Option<u32>,
    pub(super) host: HostEnd,
    /// Seconds that this side's game may be away; 0 is for ever.
    pub(super) max_stall_time: f64,
}

impl Report {
    /// What to tell of the end of the connection to `remote`.
    pub(super) fn of(remote: &Remote, known: Circumstances) -> Self {
        let Some(Ending { cause, data }) = known.ending else {
            return Self::without_event(remote, known);
        };
        let is_connecting = remote.is_connecting();
        match cause {
            DisconnectCause::Remote | DisconnectCause::Refused => {
                match Reason::from_data(data).filter(|reason| remote.may_say(*reason)) {
                    Some(reason) => Self::of_reason(remote, reason),
                    None if cause == DisconnectCause::Refused => Self::new(
                        Failure::Refused,
                        format!("{remote} refused the connection."),
                    ),
                    None => Self::of_reason(remote, Reason::Closed),
                }
            }
            DisconnectCause::Local | DisconnectCause::Timeout if known.left_with.is_some() => {
                Self::left(remote, known.left_with)
            }
            // Nobody but the network thread ends a connection that no call has ended.
            DisconnectCause::Local => Self::stalled(remote, known.max_stall_time),
            DisconnectCause::Timeout if is_connecting => Self::new(
                Failure::ConnectTimedOut,
                format!("{remote} does not answer."),
            ),
            DisconnectCause::Timeout => Self::new(
                Failure::TimedOut,
                format!("{remote} does not answer any more."),
            ),
            DisconnectCause::Handshake => Self::new(
                Failure::ProtocolMismatch,
                format!("{remote} answered by something else than was asked of it."),
            ),
            DisconnectCause::Unreachable => Self::new(
                Failure::Unreachable,
                format!("{remote} is not there: nobody listens at that port."),
            ),
            DisconnectCause::Unlocated => Self::new(
                Failure::NameNotFound,
                format!("{remote} has no address that is reached from here."),
            ),
        }
    }

    /// A call on this side ended the connection to `remote`, which was told `data`.
    pub(super) fn left(remote: &Remote, data: Option<u32>) -> Self {
        let name = remote.name();
        let text = match data.and_then(Reason::from_data) {
            _ if remote.is_connecting() => {
                format!("This side gave up the attempt to connect to {name}.")
            }
            Some(Reason::Kicked(code)) => format!("This side kicked {name} with code {code}."),
            Some(Reason::Banned) => format!("This side banned {name}."),
            _ => format!("This side ended the connection to {name}."),
        };
        Self::new(Failure::LocalClosed, text)
    }

    /// No session began.
    pub(super) fn of_creation(error: &CreateError) -> Self {
        let failure = match error {
            CreateError::Connect(ConnectError::Address(AddressError::Unresolved(_))) => {
                Failure::NameNotFound
            }
            _ => Failure::CantCreate,
        };
        Self::new(failure, sentence(&error.to_string()))
    }

    /// This game was away for longer than so many seconds; 0 if that is not known any more.
    fn stalled(remote: &Remote, max_stall_time: f64) -> Self {
        let allowed = if max_stall_time > 0.0 {
            format!(" of {max_stall_time} seconds")
        } else {
            String::new()
        };
        let name = remote.name();
        Self::new(
            Failure::Stalled,
            format!(
                "This game did not poll for longer than its 'max_stall_time'{allowed}, so {name} was told and let go. \
                 Poll also while the game loads, or raise 'max_stall_time'."
            ),
        )
    }

    /// What to tell of the end of a server's own host.
    pub(super) fn of_host(host: HostEnd) -> Self {
        match host {
            HostEnd::Open | HostEnd::Destroyed => Self::new(
                Failure::LocalClosed,
                "This side closed its host.".to_owned(),
            ),
            HostEnd::SocketLost => Self::new(
                Failure::SocketLost,
                "The socket of this side does not work any more.".to_owned(),
            ),
            HostEnd::Dtls(failure) => Self::new(
                Failure::SocketLost,
                format!("The host of this side does not work any more: {failure}."),
            ),
        }
    }

    fn without_event(remote: &Remote, known: Circumstances) -> Self {
        match known.host {
            _ if known.left_with.is_some() => Self::left(remote, known.left_with),
            HostEnd::Open | HostEnd::Destroyed => Self::left(remote, None),
            HostEnd::SocketLost => Self::of_host(HostEnd::SocketLost),
            HostEnd::Dtls(failure) => {
                let kind = match failure {
                    DtlsFailure::WrongName | DtlsFailure::NotTrusted | DtlsFailure::Certificate => {
                        Failure::Certificate
                    }
                    DtlsFailure::Handshake | DtlsFailure::NotBegun => Failure::Handshake,
                    DtlsFailure::Closed => return Self::of_reason(remote, Reason::Closed),
                };
                Self::new(
                    kind,
                    format!("No connection to {}: {failure}.", remote.name()),
                )
            }
        }
    }

    fn of_reason(remote: &Remote, reason: Reason) -> Self {
        let (failure, code) = match reason {
            Reason::Refused => (Failure::Refused, 0),
            Reason::Full => (Failure::Full, 0),
            Reason::Banned => (Failure::Banned, 0),
            Reason::IdTaken => (Failure::IdTaken, 0),
            Reason::IdInvalid => (Failure::IdInvalid, 0),
            Reason::Filtered => (Failure::Filtered, 0),
            Reason::TooMany => (Failure::TooMany, 0),
            Reason::Kicked(code) => (Failure::Kicked, code),
            Reason::Closed => (Failure::RemoteClosed, 0),
            Reason::Stalled => (Failure::Stalled, 0),
        };
        let text = match reason {
            Reason::Stalled if remote.is_connecting() => format!(
                "The game of {} has not polled for longer than its 'max_stall_time', so it lets nobody in until it does: \
                 try again later.",
                remote.name()
            ),
            Reason::Stalled => format!(
                "The game of {} did not poll for longer than its 'max_stall_time', so its connections were let go.",
                remote.name()
            ),
            _ => format!("{remote} {reason}."),
        };
        Self {
            failure,
            code,
            text,
        }
    }

    const fn new(failure: Failure, text: String) -> Self {
        Self {
            failure,
            code: 0,
            text,
        }
    }
}

impl Remote {
    const fn is_connecting(&self) -> bool {
        matches!(
            self,
            Self::Server {
                is_connecting: true,
                ..
            }
        )
    }

    /// Whether the remote can know what this says: a client of ours turns nobody away and throws nobody out.
    const fn may_say(&self, reason: Reason) -> bool {
        match self {
            Self::Server { .. }
            | Self::Peer {
                is_client: false, ..
            } => true,
            Self::Peer { .. } => matches!(reason, Reason::Closed | Reason::Stalled),
        }
    }

    /// What it is called in the middle of a sentence.
    fn name(&self) -> String {
        match self {
            Self::Server { address, port, .. } => format!("the server at {address}, port {port}"),
            Self::Peer {
                unique_id, address, ..
            } => match address {
                Some(address) => {
                    let (ip, port) = (address_text(address.ip()), address.port());
                    format!("peer {unique_id} at {ip}, port {port}")
                }
                None => format!("peer {unique_id}"),
            },
        }
    }
}

/// At the beginning of a sentence.
impl std::fmt::Display for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name();
        let (first, rest) = name.split_at(1);
        write!(f, "{}{rest}", first.to_uppercase())
    }
}

#[cfg(test)]
mod tests {
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
}
