//! What Godot gets: codes and printed lines for our errors, and addresses the way Godot writes them.

use std::fmt::Display;
use std::net::IpAddr;

use enet_proto::SendError;
use godot::global::{Error as GodotError, godot_error};

use crate::error::{
    BanError, ConnectError, CreateError, DtlsSetupError, KickError, LookupError, MeshError,
    PeerSendError, PutPacketError, ReadError,
};
use crate::raw::{Answer, ReturnPtr};

/// An answer for Godot, with the line to print about it.
///
/// The line is printed only when the answer is given, where no lock and no borrow is held: a script's logger may run
/// then.
#[must_use = "the line is printed by `speak`"]
pub(crate) struct Said<A> {
    answer: A,
    line: Option<String>,
}

impl<A> Said<A> {
    /// The answer of `result`; its error is printed and answered by `fallback`.
    pub(crate) fn or(result: Result<A, impl Display>, fallback: A) -> Self {
        match result {
            Ok(answer) => Self { answer, line: None },
            Err(error) => Self {
                answer: fallback,
                line: Some(error.to_string()),
            },
        }
    }

    /// Prints what is to be printed and hands out the answer.
    pub(crate) fn speak(self) -> A {
        if let Some(line) = self.line {
            godot_error!("{}", sentence(&line));
        }
        self.answer
    }
}

impl Said<GodotError> {
    /// OK, or the code of the error.
    pub(crate) fn code(result: Result<(), impl Coded>) -> Self {
        match result {
            Ok(()) => Self {
                answer: GodotError::OK,
                line: None,
            },
            Err(error) => Self {
                answer: error.code(),
                line: error.is_printed().then(|| error.to_string()),
            },
        }
    }
}

impl Said<()> {
    /// Nothing to answer, but the error is printed.
    pub(crate) fn nothing(result: Result<(), impl Display>) -> Self {
        Self::or(result, ())
    }
}

impl<A: Answer> Answer for Said<A> {
    fn after_panic() -> Self {
        Self {
            answer: A::after_panic(),
            line: None,
        }
    }

    unsafe fn write(self, slot: ReturnPtr) {
        // SAFETY: by the trait's contract, which is the same for the plain answer.
        unsafe { self.speak().write(slot) }
    }
}

/// `line` written as Godot writes its messages: a capital in front and a full stop behind.
pub(crate) fn sentence(line: &str) -> String {
    let mut letters = line.chars();
    let first = letters.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .chain(['.'])
        .collect()
}

/// An error with the code that Godot's own class answers in this case.
pub(crate) trait Coded: Display {
    /// Godot's code.
    fn code(&self) -> GodotError;

    /// Whether the built-in class prints a line in this case.
    fn is_printed(&self) -> bool {
        true
    }
}

impl Coded for CreateError {
    fn code(&self) -> GodotError {
        match self {
            Self::AlreadyActive | Self::HostExists => GodotError::ERR_ALREADY_IN_USE,
            Self::UniqueId(_)
            | Self::BindAddress(_)
            | Self::LocalPort(_)
            | Self::PeerCount(_)
            | Self::ChannelCount(_)
            | Self::IncomingBandwidth(_)
            | Self::OutgoingBandwidth(_) => GodotError::ERR_INVALID_PARAMETER,
            Self::Open(_) | Self::Connect(_) => GodotError::ERR_CANT_CREATE,
        }
    }
}

impl Coded for MeshError {
    fn code(&self) -> GodotError {
        match self {
            Self::NotMesh => GodotError::ERR_UNCONFIGURED,
            Self::NoHost
            | Self::UniqueId(_)
            | Self::OwnId(_)
            | Self::HostInUse
            | Self::NotConnected => GodotError::ERR_INVALID_PARAMETER,
        }
    }
}

impl Coded for PutPacketError {
    fn code(&self) -> GodotError {
        match self {
            Self::NotActive(_) | Self::NotConnected => GodotError::ERR_UNCONFIGURED,
            Self::InvalidTarget(_) => GodotError::ERR_INVALID_PARAMETER,
            Self::NoServer => GodotError::ERR_BUG,
            // The built-in answers OK for what it could not send, and SceneMultiplayer and scripts build on that.
            Self::NoSuchChannel(_)
            | Self::OverHostLimit { .. }
            | Self::TooLarge { .. }
            | Self::Unsent(_) => GodotError::OK,
        }
    }
}

impl Coded for PeerSendError {
    fn code(&self) -> GodotError {
        match self {
            Self::NotActive(_) => GodotError::ERR_UNCONFIGURED,
            Self::InvalidChannel { .. } | Self::InvalidFlags(_) => {
                GodotError::ERR_INVALID_PARAMETER
            }
            Self::Refused(_) => GodotError::FAILED,
        }
    }

    fn is_printed(&self) -> bool {
        !matches!(
            self,
            Self::Refused(SendError::NotConnected(_) | SendError::TooLarge { .. })
        )
    }
}

impl Coded for KickError {
    fn code(&self) -> GodotError {
        match self {
            Self::Client | Self::Lookup(LookupError::NotActive(_)) => GodotError::ERR_UNCONFIGURED,
            Self::Reason(_) | Self::Lookup(LookupError::UnknownPeer(_)) => {
                GodotError::ERR_INVALID_PARAMETER
            }
        }
    }
}

impl Coded for ReadError {
    fn code(&self) -> GodotError {
        match self {
            Self::NotActive(_) => GodotError::ERR_UNCONFIGURED,
            Self::Empty => GodotError::ERR_UNAVAILABLE,
        }
    }
}

impl Coded for BanError {
    fn code(&self) -> GodotError {
        match self {
            Self::NotActive(_) => GodotError::ERR_UNCONFIGURED,
            Self::Prefix { .. } | Self::Seconds(_) => GodotError::ERR_INVALID_PARAMETER,
            Self::NotBanned(_) => GodotError::ERR_DOES_NOT_EXIST,
        }
    }

    /// That there was no ban is no mistake of the script.
    fn is_printed(&self) -> bool {
        !matches!(self, Self::NotBanned(_))
    }
}

impl Coded for DtlsSetupError {
    fn code(&self) -> GodotError {
        match self {
            Self::NotActive(_) => GodotError::ERR_UNCONFIGURED,
            Self::ServerOptions | Self::ClientOptions => GodotError::ERR_INVALID_PARAMETER,
            _ => GodotError::FAILED,
        }
    }
}

/// Whether the built-in prints a line when a connection is refused: not when all slots are taken.
pub(crate) fn is_printed(error: &ConnectError) -> bool {
    !matches!(
        error,
        ConnectError::Refused(enet_udp::ConnectError::Refused(
            enet_proto::ConnectError::NoFreeSlot(_)
        ))
    )
}

/// `address` as Godot prints it: IPv4 dotted, IPv6 as eight lower-case groups without shortening.
pub(crate) fn address_text(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6.segments().map(|group| format!("{group:x}")).join(":"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{FilterError, NotActive, SettingError};

    #[test]
    fn an_ipv4_address_is_written_dotted_also_when_it_came_mapped() {
        assert_eq!(address_text("127.0.0.1".parse().unwrap()), "127.0.0.1");
        assert_eq!(address_text("::ffff:10.0.0.7".parse().unwrap()), "10.0.0.7");
    }

    #[test]
    fn an_ipv6_address_is_written_as_eight_unshortened_groups() {
        assert_eq!(address_text("::1".parse().unwrap()), "0:0:0:0:0:0:0:1");
        assert_eq!(
            address_text("2001:DB8::A0B:12f0:0:1".parse().unwrap()),
            "2001:db8:0:0:a0b:12f0:0:1"
        );
    }

    #[test]
    fn a_line_is_written_as_a_sentence() {
        assert_eq!(sentence("the peer is gone"), "The peer is gone.");
        assert_eq!(sentence("'x' is no address"), "'x' is no address.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn a_name_of_scripts_is_quoted_and_so_keeps_its_small_letter() {
        let lines = [
            FilterError::NotCallable.to_string(),
            FilterError::NoBool(godot::builtin::VariantType::INT).to_string(),
            SettingError::Recovery(7).to_string(),
        ];
        for line in lines {
            let sentence = sentence(&line);
            assert!(sentence.starts_with('\''), "{sentence}");
        }
    }

    #[test]
    fn a_packet_that_could_not_be_sent_is_printed_and_answered_with_ok() {
        let gone = SendError::NotConnected(enet_proto::PeerState::Disconnecting);
        let error = PutPacketError::Unsent(vec![(2, gone), (7, gone)]);
        assert_eq!(error.code(), GodotError::OK);
        assert!(error.is_printed());
        let text = error.to_string();
        assert!(text.contains("peer 2") && text.contains("peer 7"), "{text}");
    }

    #[test]
    fn the_checks_of_put_packet_answer_godots_codes() {
        for (error, code) in [
            (NotActive::Multiplayer.into(), GodotError::ERR_UNCONFIGURED),
            (PutPacketError::NotConnected, GodotError::ERR_UNCONFIGURED),
            (
                PutPacketError::InvalidTarget(9),
                GodotError::ERR_INVALID_PARAMETER,
            ),
        ] {
            assert_eq!(PutPacketError::code(&error), code, "{error}");
        }
    }

    #[test]
    fn a_packet_peer_fails_in_silence_only_where_godot_does() {
        let not_connected =
            PeerSendError::Refused(SendError::NotConnected(enet_proto::PeerState::Connecting));
        assert_eq!(not_connected.code(), GodotError::FAILED);
        assert!(!not_connected.is_printed());
        let no_channel = PeerSendError::Refused(SendError::NoSuchChannel {
            channel_id: 4,
            channel_count: 4,
        });
        assert_eq!(no_channel.code(), GodotError::FAILED);
        assert!(no_channel.is_printed());
        let invalid = PeerSendError::InvalidChannel {
            channel: -1,
            count: 4,
        };
        assert_eq!(invalid.code(), GodotError::ERR_INVALID_PARAMETER);
    }
}
