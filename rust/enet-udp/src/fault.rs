//! [`Fault`]: what it means that a call on a socket failed.

use std::io;

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
