//! Whether the system knows a way to an address.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Any port but 0: nothing is sent to it.
const DISCARD_PORT: u16 = 9;

/// Whether datagrams from the local address `from`, or from whichever suits, find a way to `to`.
///
/// Connects a socket of its own, which sends nothing and does not wait. What cannot be found out counts as a way.
pub(crate) fn exists(from: Option<IpAddr>, to: IpAddr) -> bool {
    let any: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let Ok(socket) = UdpSocket::bind((from.unwrap_or(any), 0)) else {
        return true;
    };
    match socket.connect((to, DISCARD_PORT)) {
        Ok(()) => true,
        Err(error) => !matches!(
            error.kind(),
            ErrorKind::NetworkUnreachable
                | ErrorKind::HostUnreachable
                | ErrorKind::AddrNotAvailable
                | ErrorKind::InvalidInput
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_way_to_oneself() {
        assert!(exists(None, Ipv4Addr::LOCALHOST.into()));
        assert!(exists(
            Some(Ipv4Addr::LOCALHOST.into()),
            Ipv4Addr::LOCALHOST.into()
        ));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_way_leads_from_the_loopback_to_another_machine() {
        // Set aside for documentation; whether there is a way from elsewhere depends on the machine.
        let other = Ipv4Addr::new(192, 0, 2, 1).into();
        assert!(!exists(Some(Ipv4Addr::LOCALHOST.into()), other));
    }
}
