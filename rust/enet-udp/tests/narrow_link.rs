//! Don't-fragment on a link that carries less than the MTU. By itself in this file, since the test starts this program
//! once more in a network of its own, whose loopback is that link.
#![cfg(target_os = "linux")]

#[path = "hosts/common.rs"]
mod common;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;

use common::{Pair, client, config, payloads, pump};
use enet_proto::Packet;
use enet_udp::{Bind, UdpHost};

/// Bytes that the link carries at once, headers of IP and UDP included.
const LINK_MTU: u32 = 1300;
/// Set in the network of its own.
const INSIDE: &str = "ENET_TEST_NARROW_LINK";
const NAME: &str = "a_link_below_the_mtu_refuses_probes_and_carries_all_else";

#[test]
fn a_link_below_the_mtu_refuses_probes_and_carries_all_else() {
    if std::env::var_os(INSIDE).is_some() {
        for threaded in [true, false] {
            meet(Ipv4Addr::LOCALHOST.into(), 28, threaded);
            meet(Ipv6Addr::LOCALHOST.into(), 48, threaded);
        }
        return;
    }
    let link = format!("ip link set lo mtu {LINK_MTU} up");
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user", "sh", "-c", script]);
        command
    };
    if !alone(&link).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: this system lets nobody make a network of their own");
        return;
    }
    let program = std::env::current_exe().unwrap();
    let status = alone(&format!("{link} && exec \"$0\" --exact {NAME} --nocapture"))
        .arg(program)
        .env(INSIDE, "1")
        .status();
    assert!(status.unwrap().success());
}

/// Two hosts find each other's path and exchange what is larger than it.
fn meet(ip: IpAddr, headers: u32, threaded: bool) {
    let server = config(threaded).bind(Bind::Address((ip, 0).into()));
    let pair = Pair::of(UdpHost::open(server).unwrap(), client(threaded), 4);
    // The link does not carry it whole, and that is not known yet: it leaves in fragments of IP.
    let first = vec![1; 1364];
    pair.to_server
        .send(1, Packet::unreliable(first.clone()))
        .unwrap();
    let whole = LINK_MTU - headers;
    let found = whole - 15..=whole;
    let events = pump(&pair.hosts(), |_| {
        let peers = [&pair.to_server, &pair.to_client];
        let sizes = peers.map(|peer| peer.statistics().unwrap().path_mtu);
        assert!(sizes.iter().all(|&size| size <= whole), "{sizes:?}");
        sizes.iter().all(|size| found.contains(size))
    });
    assert_eq!(payloads(&events, 0), [first]);
    for host in pair.hosts() {
        assert!(host.is_open() && host.statistics().datagrams_refused >= 2);
    }

    let sent = [vec![2; 1364], vec![3; 1 << 20]];
    let before = pair.client.statistics().datagrams_refused;
    pair.to_server
        .send(1, Packet::unreliable(sent[0].clone()))
        .unwrap();
    pair.to_server
        .send(1, Packet::reliable(sent[1].clone()))
        .unwrap();
    let events = pump(&pair.hosts(), |events| events.len() == sent.len());
    assert!(payloads(&events, 0) == sent);
    let refused = pair.client.statistics().datagrams_refused - before;
    assert_eq!(refused, 0, "all of that fits the link");
}
