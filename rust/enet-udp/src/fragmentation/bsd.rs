//! Fragmentation by `IP_DONTFRAG` and `IPV6_DONTFRAG`: Apple's systems since macOS 11, and FreeBSD.
//!
//! The first is refused on sockets of IPv6, also for the IPv4 addresses that they reach.

use std::io;
use std::net::IpAddr;

use mio::net::UdpSocket;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SetBool;
use nix::{libc, setsockopt_impl};

/// Don't-fragment in the header of IPv4.
#[derive(Clone, Copy)]
struct DontFragmentV4;
/// Don't-fragment for IPv6, which has it by itself on its way: this machine does not fragment either.
#[derive(Clone, Copy)]
struct DontFragmentV6;

setsockopt_impl!(
    DontFragmentV4,
    libc::IPPROTO_IP,
    libc::IP_DONTFRAG,
    bool,
    SetBool
);
setsockopt_impl!(
    DontFragmentV6,
    libc::IPPROTO_IPV6,
    libc::IPV6_DONTFRAG,
    bool,
    SetBool
);

/// Lets datagrams to addresses of the family of `to` be fragmented.
pub(crate) fn allow(socket: &UdpSocket, to: IpAddr) {
    // What the system refuses it did not take from `forbid` either.
    let _ = set(socket, to, false);
}

/// Sets don't-fragment for datagrams to addresses of the family of `to`.
pub(crate) fn forbid(socket: &UdpSocket, to: IpAddr) -> io::Result<()> {
    set(socket, to, true)
}

fn set(socket: &UdpSocket, to: IpAddr, forbidden: bool) -> io::Result<()> {
    match to {
        IpAddr::V4(_) => setsockopt(socket, DontFragmentV4, &forbidden)?,
        IpAddr::V6(_) => setsockopt(socket, DontFragmentV6, &forbidden)?,
    }
    Ok(())
}
