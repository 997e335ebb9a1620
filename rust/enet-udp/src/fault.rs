//! [`Fault`]: what it means that a call on a socket failed, and what is done about it.

use std::io;
use std::net::SocketAddr;

/// Receive calls that fail in a row before the socket is held to be dead.
const DEAD_AFTER: u32 = 64;

/// Why a call on a UDP socket failed, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing to receive, or no room for what is sent.
    NotReady,
    /// A signal came before anything was done.
    Interrupted,
    /// An earlier datagram reached a machine where nobody serves the port. Windows tells so also on a socket with many
    /// remotes, and not which of them it is.
    NobodyThere,
    /// An earlier datagram, or the one that is sent, found no way: news of routers, or there is no route.
    NoWay,
    /// The datagram does not leave in one piece, or is larger than the buffer that is to receive it, of which only
    /// Windows complains.
    TooLarge,
    /// Something else, which may be the end of the socket.
    Other,
}

impl Fault {
    pub(crate) fn of(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::WouldBlock => return Self::NotReady,
            Kind::Interrupted => return Self::Interrupted,
            Kind::ConnectionRefused | Kind::ConnectionReset => return Self::NobodyThere,
            Kind::HostUnreachable | Kind::NetworkUnreachable => return Self::NoWay,
            _ => {}
        }
        match error.raw_os_error() {
            Some(code) if codes::TOO_LARGE.contains(&code) => Self::TooLarge,
            Some(code) if codes::NO_WAY.contains(&code) => Self::NoWay,
            _ => Self::Other,
        }
    }

    /// Whether it says nothing of the socket, and the same call may work at once: it was about an earlier datagram, which
    /// others can bring about, or came to nothing.
    pub(crate) const fn is_passing(self) -> bool {
        match self {
            Self::Interrupted | Self::NobodyThere | Self::NoWay | Self::TooLarge => true,
            Self::NotReady | Self::Other => false,
        }
    }
}

/// Receive calls that failed in a row.
#[derive(Debug, Default)]
pub(crate) struct Failures(u32);

impl Failures {
    /// Whether the socket is dead, now that a call failed by `fault`. What a remote can bring about does not count:
    /// Windows reports every datagram that reached nobody, also on a socket with many remotes, and every one that
    /// arrives and is larger than any of ours.
    pub(crate) fn are_too_many_with(&mut self, fault: Fault) -> bool {
        self.0 += u32::from(!fault.is_passing());
        self.0 >= DEAD_AFTER
    }
}

/// Calls `send`, and once more if the system may only have told what became of an earlier datagram. `tied_to` is whom the
/// socket is tied to, if it is: of nobody else can the system have meant that nobody serves its port.
pub(crate) fn retried<T>(
    unreachable: &mut Option<SocketAddr>,
    tied_to: Option<SocketAddr>,
    mut send: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let error = match send() {
        Ok(sent) => return Ok(sent),
        Err(error) => error,
    };
    let fault = Fault::of(&error);
    if fault == Fault::NobodyThere {
        *unreachable = tied_to.or(*unreachable);
    }
    if fault.is_passing() {
        send()
    } else {
        Err(error)
    }
}

/// Codes for which [`io::ErrorKind`] has no name.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
))]
mod codes {
    use nix::errno::Errno;

    pub(super) const TOO_LARGE: &[i32] = &[Errno::EMSGSIZE as i32];
    /// What Linux makes of other reports of ICMP, on sockets that are tied to a remote.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) const NO_WAY: &[i32] = &[
        Errno::EHOSTDOWN as i32,
        Errno::ENONET as i32,
        Errno::ENOPROTOOPT as i32,
        Errno::EPROTO as i32,
    ];
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) const NO_WAY: &[i32] = &[Errno::EHOSTDOWN as i32];
}

/// Codes for which [`io::ErrorKind`] has no name.
#[cfg(windows)]
mod codes {
    use windows_sys::Win32::Networking::WinSock::{WSAEHOSTDOWN, WSAEMSGSIZE, WSAENETRESET};

    pub(super) const TOO_LARGE: &[i32] = &[WSAEMSGSIZE];
    /// The first says of datagrams that their time to live ran out.
    pub(super) const NO_WAY: &[i32] = &[WSAENETRESET, WSAEHOSTDOWN];
}

/// Codes for which [`io::ErrorKind`] has no name: none is known.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    windows
)))]
mod codes {
    pub(super) const TOO_LARGE: &[i32] = &[];
    pub(super) const NO_WAY: &[i32] = &[];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn kinds_of_errors_mean_the_same_on_every_system() {
        use io::ErrorKind as Kind;
        let cases = [
            (Kind::WouldBlock, Fault::NotReady, false),
            (Kind::Interrupted, Fault::Interrupted, true),
            (Kind::ConnectionRefused, Fault::NobodyThere, true),
            (Kind::ConnectionReset, Fault::NobodyThere, true),
            (Kind::HostUnreachable, Fault::NoWay, true),
            (Kind::NetworkUnreachable, Fault::NoWay, true),
            (Kind::NetworkDown, Fault::Other, false),
            (Kind::NotConnected, Fault::Other, false),
            (Kind::PermissionDenied, Fault::Other, false),
            (Kind::InvalidInput, Fault::Other, false),
            (Kind::Other, Fault::Other, false),
        ];
        for (kind, expected, is_passing) in cases {
            let fault = Fault::of(&kind.into());
            assert_eq!(
                (fault, fault.is_passing()),
                (expected, is_passing),
                "{kind}"
            );
        }
    }

    #[test]
    fn codes_of_this_system_are_told_apart() {
        let meaning = |code| Fault::of(&io::Error::from_raw_os_error(code));
        for &code in codes::TOO_LARGE {
            assert_eq!(meaning(code), Fault::TooLarge);
        }
        for &code in codes::NO_WAY {
            assert_eq!(meaning(code), Fault::NoWay);
        }
        assert_eq!(meaning(0), Fault::Other);
    }

    #[test]
    fn a_socket_dies_of_its_own_failures_and_not_of_its_remotes() {
        let mut failures = Failures::default();
        for _ in 0..10 * DEAD_AFTER {
            for fault in [Fault::NobodyThere, Fault::NoWay, Fault::TooLarge] {
                assert!(!failures.are_too_many_with(fault));
            }
        }
        let too_many = (1..=DEAD_AFTER).find(|_| failures.are_too_many_with(Fault::Other));
        assert_eq!(too_many, Some(DEAD_AFTER));
    }

    /// Sends that fail by `errors`, one each, before they work; returns the calls made, whether the last worked, and of
    /// whom it is known that nobody serves the port.
    fn sends(
        errors: &[io::ErrorKind],
        tied_to: Option<SocketAddr>,
    ) -> (usize, bool, Option<SocketAddr>) {
        let (mut calls, mut unreachable) = (0, None);
        let sent = retried(&mut unreachable, tied_to, || {
            calls += 1;
            errors
                .get(calls - 1)
                .map_or(Ok(()), |&error| Err(error.into()))
        });
        (calls, sent.is_ok(), unreachable)
    }

    #[test]
    fn a_send_that_failed_for_an_earlier_datagram_is_made_once_more() {
        use io::ErrorKind as Kind;
        let remote: SocketAddr = (Ipv4Addr::LOCALHOST, 9).into();
        let (tied, loose) = (Some(remote), None);
        assert_eq!(sends(&[], tied), (1, true, None));
        for kind in [Kind::ConnectionRefused, Kind::ConnectionReset] {
            assert_eq!(sends(&[kind], tied), (2, true, tied));
            // Which of the remotes is meant, the system does not say.
            assert_eq!(sends(&[kind], loose), (2, true, None));
        }
        for kind in [Kind::HostUnreachable, Kind::Interrupted] {
            assert_eq!(sends(&[kind], tied), (2, true, None));
            assert_eq!(sends(&[kind, kind], tied), (2, false, None));
        }
        for kind in [Kind::WouldBlock, Kind::PermissionDenied, Kind::Other] {
            assert_eq!(sends(&[kind], tied), (1, false, None));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_linux_says_of_a_socket_has_its_meaning() {
        use nix::errno::Errno;
        let cases = [
            (Errno::EAGAIN, Fault::NotReady),
            (Errno::EINTR, Fault::Interrupted),
            (Errno::ECONNREFUSED, Fault::NobodyThere),
            (Errno::EHOSTUNREACH, Fault::NoWay),
            (Errno::ENETUNREACH, Fault::NoWay),
            (Errno::EPROTO, Fault::NoWay),
            (Errno::EMSGSIZE, Fault::TooLarge),
            (Errno::ENOBUFS, Fault::Other),
            (Errno::EPERM, Fault::Other),
            (Errno::EBADF, Fault::Other),
        ];
        for (code, expected) in cases {
            assert_eq!(Fault::of(&code.into()), expected, "{code}");
        }
    }
}
