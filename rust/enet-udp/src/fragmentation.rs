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
    use crate::config::Bind;
    use crate::socket::Socket;
    use std::cell::RefCell;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

    const IS_KNOWN: bool = cfg!(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        windows
    ));
    const IS_KNOWN_ON_BOTH: bool =
        IS_KNOWN && !cfg!(any(target_vendor = "apple", target_os = "freebsd"));

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

    #[test]
    fn the_system_takes_the_option_where_the_head_of_this_file_says_so() {
        let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        let mut cases = vec![(Bind::Address((v4, 0).into()), v4, IS_KNOWN)];
        if Socket::open(Bind::Address((v6, 0).into())).is_ok() {
            cases.push((Bind::Any { port: 0 }, v6, IS_KNOWN));
            cases.push((Bind::Any { port: 0 }, v4, IS_KNOWN_ON_BOTH));
        }
        for (bind, to, expected) in cases {
            let socket = Socket::open(bind).unwrap();
            let answer = system::forbid(&socket.io, to);
            assert_eq!(answer.is_ok(), expected, "{bind:?}, {to}: {answer:?}");
            allow(&socket.io, to);
        }
    }

    #[test]
    fn what_is_to_stay_whole_arrives_and_so_does_what_follows() {
        for ip in [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ] {
            let Ok(mut receiver) = Socket::open(Bind::Address(SocketAddr::new(ip, 0))) else {
                continue;
            };
            let to = receiver.local_address().unwrap();
            let mut buffer = vec![0; receiver.receive_len()];
            let sender = Socket::open(Bind::Any { port: 0 }).unwrap();
            assert_eq!(sender.send_whole(to, &[1; 1392]).unwrap(), 1392);
            assert_eq!(receiver.receive(&mut buffer).unwrap().len, 1392);
            assert_eq!(sender.send(to, &[2]).unwrap(), 1);
            assert_eq!(receiver.receive(&mut buffer).unwrap().len, 1);
        }
    }
}
