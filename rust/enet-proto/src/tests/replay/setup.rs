//! What the recorder did for each file beside the calls it wrote down.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::network::{Endpoint, Network};
use crate::checksum::crc32;
use crate::compress::RangeCoder;
use crate::config::HostConfig;
use crate::host::Host;
use crate::peer::Recovery;

/// Every file that records a whole session.
pub(super) const SESSIONS: [&str; 34] = [
    "bandwidth_limit",
    "checksum_reliable",
    "checksum_unreliable_fragment",
    "connect_timeout",
    "disconnect",
    "disconnect_by_server",
    "disconnect_connecting",
    "disconnect_later",
    "disconnect_now",
    "handshake",
    "handshake_limits",
    "mixed",
    "ping",
    "rangecoder_checksum_session",
    "rangecoder_reliable",
    "rangecoder_session",
    "reliable_window",
    "reset",
    "retransmit",
    "rtt_trace",
    "send_reliable",
    "send_unreliable",
    "send_unreliable_fragment",
    "send_unsequenced",
    "send_unsequenced_fragment",
    "sessions",
    "stress_checksum_rangecoder",
    "stress_loss",
    "stress_loss_heavy",
    "throttle_configure",
    "throttle_drop",
    "time_wrap16",
    "time_wrap32",
    "timeout",
];

/// Whether the hosts of `file` put a checksum into their datagrams.
pub(super) fn has_checksum(file: &str) -> bool {
    file.contains("checksum")
}

/// Milliseconds between two services.
pub(super) fn tick(file: &str) -> u64 {
    if file == "rtt_trace" { 1 } else { 5 }
}

/// The address the recorder's names stand for; all are on one machine.
pub(super) fn address(name: &str) -> SocketAddr {
    let port = match name {
        "server" => 7000,
        "client" => 7001,
        "client2" => 7002,
        other => other
            .strip_prefix("port")
            .and_then(|port| port.parse().ok())
            .expect("a host or a port"),
    };
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The configuration of the recorder's hosts: `peers` slots, everything else by default.
pub(super) fn config(peers: usize, quirks: bool) -> HostConfig {
    HostConfig::new(peers, [0; 32])
        .recovery(Recovery::Vanilla)
        .vanilla_quirks(quirks)
}

/// The hosts of `file` before the first call, in the order in which they are served.
pub(super) fn network(file: &str, quirks: bool) -> Network {
    let mut client = config(if file == "sessions" { 3 } else { 1 }, quirks);
    let mut server = config(4, quirks);
    if file == "handshake_limits" {
        client = client.bandwidth(150_000, 800_000).mtu(1300);
        server = server
            .bandwidth(200_000, 100_000)
            .mtu(1200)
            .channel_limit(3);
    }
    let mut endpoints = vec![
        ("client", client),
        ("client2", config(1, quirks)),
        ("server", server),
    ];
    endpoints.retain(|(name, _)| match *name {
        "client2" => file == "sessions",
        "server" => file != "connect_timeout",
        _ => true,
    });
    let endpoints = endpoints.into_iter().map(|(name, config)| {
        let mut host = Host::new(config.checksum(has_checksum(file).then_some(crc32)));
        if file.contains("rangecoder") {
            host.set_compressor(Some(Box::new(RangeCoder::new())));
        }
        Endpoint::new(name, host)
    });
    Network::new(
        endpoints.collect(),
        if file == "rtt_trace" {
            varying_latency
        } else {
            |_| 10
        },
    )
}

/// One-way latency of a datagram that leaves at `t` in `rtt_trace`: 10 ms until the rounds of 450 ms begin.
fn varying_latency(t: u64) -> u64 {
    const CYCLE: [u64; 30] = [
        10, 12, 30, 8, 55, 60, 10, 11, 90, 20, 5, 5, 5, 40, 40, 41, 42, 200, 10, 10, 10, 10, 35,
        17, 3, 3, 3, 80, 10, 10,
    ];
    const FIRST_ROUND: u64 = 100_120;
    // A round begins right after the service at its first millisecond.
    let Some(since) = t.checked_sub(FIRST_ROUND + 1) else {
        return 10;
    };
    CYCLE[usize::try_from(since / 450).expect("a few rounds") % CYCLE.len()]
}
