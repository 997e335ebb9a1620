//! Whether datagrams may be fragmented on their way: probes of the path's MTU may not, all others may.
//!
//! Linux and Android know it as path-MTU discovery, Windows, Apple's systems and FreeBSD as don't-fragment, the last two
//! not towards IPv4 addresses on a socket of both families. Where a system has none or refuses it, all datagrams are
//! sent alike: there a probe finds the sizes that arrive, in one piece or in several, which is what counts for a path
//! that drops what is large.

#[cfg_attr(
    any(target_os = "linux", target_os = "android"),
    path = "fragmentation/linux.rs"
)]
#[cfg_attr(
    any(target_vendor = "apple", target_os = "freebsd"),
    path = "fragmentation/bsd.rs"
)]
#[cfg_attr(windows, path = "fragmentation/windows.rs")]
#[cfg_attr(
    not(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        windows
    )),
    path = "fragmentation/plain.rs"
)]
mod system;
pub(crate) use system::allow;

use std::io;
use std::net::IpAddr;

use mio::net::UdpSocket;

/// Calls `send`, which hands one datagram to `socket` that goes to `to`, with don't-fragment set if the system can.
pub(crate) fn forbidden<T>(socket: &UdpSocket, to: IpAddr, send: impl FnOnce() -> T) -> T {
    between(
        || system::forbid(socket, to),
        send,
        || system::allow(socket, to),
    )
}

/// Calls `send` after `forbid`, whether that works or not, and then `allow` if it did.
fn between<T>(
    forbid: impl FnOnce() -> io::Result<()>,
    send: impl FnOnce() -> T,
    allow: impl FnOnce(),
) -> T {
    let forbidden = forbid();
    let sent = send();
    match forbidden {
        Ok(()) => allow(),
        Err(error) => log::trace!("a probe may be fragmented on its way: {error}"),
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn what_cannot_be_kept_whole_is_sent_all_the_same() {
        let cases = [
            (Ok(()), &["forbid", "send", "allow"][..]),
            (
                Err(io::ErrorKind::Unsupported.into()),
                &["forbid", "send"][..],
            ),
        ];
        for (answer, expected) in cases {
            let calls = RefCell::default();
            let called = |name| Vec::push(&mut *calls.borrow_mut(), name);
            let forbid = || {
                called("forbid");
                answer
            };
            let send = || {
                called("send");
                7
            };
            assert_eq!(between(forbid, send, || called("allow")), 7);
            assert_eq!(calls.take(), expected);
        }
    }
}
