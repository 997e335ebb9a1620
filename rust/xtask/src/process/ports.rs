//! Ports for the servers that are started here.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

/// A UDP port that nothing on this machine uses now, never the same twice in one run.
///
/// It lies below 32768, where systems begin to hand out ports for outgoing sockets: one of those could take it before
/// the caller's server does.
///
/// # Errors
/// If none of some thousand ports is free.
pub(crate) fn free_udp_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Runs side by side start at different ports.
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.subsec_micros());
    let start = (clock ^ std::process::id()) % u32::from(COUNT);
    let start = u16::try_from(start).expect("below COUNT");
    let _ = NEXT.compare_exchange(0, start + 1, Ordering::Relaxed, Ordering::Relaxed);
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if UdpSocket::bind(("0.0.0.0", port)).is_ok()
            && UdpSocket::bind(("127.0.0.1", port)).is_ok()
        {
            return Ok(port);
        }
    }
    bail!("no free UDP port from {FIRST} on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_below_the_systems_own_range_and_differ() {
        let ports: Vec<u16> = (0..50).map(|_| free_udp_port().unwrap()).collect();
        let different: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(different.len(), ports.len());
        assert!(
            ports.iter().all(|port| (20_000..32_000).contains(port)),
            "{ports:?}"
        );
    }

    #[test]
    fn a_port_in_use_is_not_offered() {
        let port = free_udp_port().unwrap();
        let taken: Vec<UdpSocket> = (port + 1..port + 4)
            .filter_map(|next| UdpSocket::bind(("127.0.0.1", next)).ok())
            .collect();
        let next = free_udp_port().unwrap();
        assert!(
            taken
                .iter()
                .all(|socket| socket.local_addr().unwrap().port() != next),
            "{next}"
        );
    }
}
