//! [`Report`]: why a connection, or the attempt at one, ended, as scripts and people are told.
//!
//! What another program says counts only where it can know, and only in the form that ours say it in
//! ([`Reason`]): all else is the general cause.

mod remote;
#[cfg(test)]
mod tests;

use enet_proto::{DisconnectCause, Reason};

pub(super) use self::remote::Remote;
use crate::connection::HostEnd;
use crate::convert::sentence;
use crate::dtls::DtlsFailure;
use crate::error::{AddressError, ConnectError, CreateError};
use crate::host_settings::MAX_IDLE_SECONDS;
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

/// What is known of an end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circumstances {
    /// What the event told, if there was one.
    pub(super) ending: Option<Ending>,
    /// The data of the call by which this side asked for the end, if it did.
    pub(super) left_with: Option<u32>,
    /// Whether the remote has no address because nobody knows its name.
    pub(super) is_name_unknown: bool,
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
            DisconnectCause::Unlocated if known.is_name_unknown => Self::new(
                Failure::NameNotFound,
                format!("{remote} was not found: nobody knows that name."),
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

    /// A call on this side ended the session of a server or mesh.
    pub(super) fn closed() -> Self {
        Self::new(
            Failure::LocalClosed,
            "This side closed its session.".to_owned(),
        )
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

    /// This game was away for longer than so many seconds, 0 if that is not known any more, or ran without a poll.
    fn stalled(remote: &Remote, max_stall_time: f64) -> Self {
        let allowed = if max_stall_time > 0.0 {
            format!(" of {max_stall_time} seconds")
        } else {
            String::new()
        };
        // With a shorter time a game that runs is not let go sooner than one that stalls.
        let is_short = max_stall_time > 0.0 && max_stall_time <= f64::from(MAX_IDLE_SECONDS);
        let (or_idle, advice) = if is_short {
            (String::new(), ".")
        } else {
            (
                format!(", or for {MAX_IDLE_SECONDS} seconds though it ran"),
                ", or set it to 0 if the game runs meanwhile. To leave, call close().",
            )
        };
        let name = remote.name();
        Self::new(
            Failure::Stalled,
            format!(
                "This game did not poll for longer than its 'max_stall_time'{allowed}{or_idle}, so {name} was told and \
                 let go. Poll also while the game loads, or raise 'max_stall_time'{advice}"
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
                "The game of {} has not polled for too long, so it lets nobody in until it does: \
                 try again later.",
                remote.name()
            ),
            Reason::Stalled => format!(
                "The game of {} did not poll for too long, so its connections were let go.",
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
