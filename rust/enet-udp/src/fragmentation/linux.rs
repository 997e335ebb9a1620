//! Fragmentation by `IP_MTU_DISCOVER` and `IPV6_MTU_DISCOVER`.

use std::io;
use std::net::IpAddr;

use mio::net::UdpSocket;
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};

/// Lets datagrams to addresses of the family of `to` be fragmented: those of IPv4 by routers, too, whatever the kernel
/// has learned of the path; those of IPv6 by this machine, as far as routers reported their limits.
///
/// A kernel that does not know the option goes on as before.
pub(crate) fn allow(socket: &UdpSocket, to: IpAddr) {
    let _ = match to {
        IpAddr::V4(_) => set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DONT),
        IpAddr::V6(_) => set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::WANT),
    };
}

/// Sets don't-fragment for datagrams to addresses of the family of `to`; what the kernel has learned of the path does not
/// count, so that one that became larger is found.
pub(crate) fn forbid(socket: &UdpSocket, to: IpAddr) -> io::Result<()> {
    match to {
        IpAddr::V4(_) => set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::PROBE)?,
        IpAddr::V6(_) => set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::PROBE)?,
    }
    Ok(())
}
