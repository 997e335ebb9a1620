//! Fragmentation by `IP_DONTFRAGMENT` and `IPV6_DONTFRAG`, on sockets of both families too.

use std::io;
use std::net::IpAddr;
use std::os::windows::io::AsRawSocket;

use mio::net::UdpSocket;
use windows_sys::Win32::Networking::WinSock::{
    IP_DONTFRAGMENT, IPPROTO_IP, IPPROTO_IPV6, IPV6_DONTFRAG, setsockopt,
};

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
    let (level, option) = match to {
        IpAddr::V4(_) => (IPPROTO_IP, IP_DONTFRAGMENT),
        IpAddr::V6(_) => (IPPROTO_IPV6, IPV6_DONTFRAG),
    };
    let handle = usize::try_from(socket.as_raw_socket()).map_err(io::Error::other)?;
    // A DWORD that is zero or not.
    let value = u32::from(forbidden).to_ne_bytes();
    // SAFETY: the handle is that of an open socket, which `socket` keeps so, and the pointer is to the four bytes that
    // the length says, which are read and not kept.
    let failed = unsafe { setsockopt(handle, level, option, value.as_ptr(), 4) };
    match failed {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
