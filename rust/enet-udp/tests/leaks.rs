//! What is left when hosts are closed. By itself in this file, since it counts what the whole process has.

#![cfg(target_os = "linux")]

#[path = "hosts/common.rs"]
mod common;

use common::{Pair, client, config, loopback};
use enet_udp::{Bind, UdpHost};

/// Threads and open descriptors of this process.
fn held() -> (usize, usize) {
    let entries = |path| std::fs::read_dir(path).unwrap().count();
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

#[test]
fn two_hundred_lives_on_one_port_leave_nothing_behind() {
    let before = held();
    let port = {
        let first = UdpHost::open(config(true).bind(Bind::Address(loopback(0)))).unwrap();
        first.local_address().unwrap().port()
    };
    // As scripts do, these outlive what they belonged to.
    let mut kept = Vec::new();
    for cycle in 0..200 {
        let threaded = cycle % 2 == 0;
        let server = UdpHost::open(config(threaded).bind(Bind::Address(loopback(port)))).unwrap();
        let pair = Pair::of(server, client(threaded), 1);
        if threaded {
            assert_eq!(held().0, before.0 + 1, "one network thread for both hosts");
        }
        pair.to_server.disconnect_now(0);
        pair.client.close();
        pair.server.close();
        assert_eq!(held(), before, "cycle {cycle}");
        kept.push(pair);
    }
    assert!(
        kept.iter()
            .all(|pair| !pair.server.is_open() && !pair.to_client.is_active())
    );
}
