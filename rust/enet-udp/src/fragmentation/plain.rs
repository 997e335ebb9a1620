//! Fragmentation as the system has it.

use std::io;
use std::net::IpAddr;

use mio::net::UdpSocket;

/// Nothing to do.
pub(crate) const fn allow(_: &UdpSocket, _: IpAddr) {}

/// Not here.
pub(crate) fn forbid(_: &UdpSocket, _: IpAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
