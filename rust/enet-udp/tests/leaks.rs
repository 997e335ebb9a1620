//! What is left when hosts are closed. By itself in this file, since it counts what the whole process has.

#![cfg(target_os = "linux")]

#[path = "hosts/common.rs"]
mod common;

use common::{Pair, client, config, loopback, wait_until};
use enet_udp::{Bind, UdpHost};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn two_hundred_lives_on_one_port_leave_nothing_behind() {
    let (threads_before, descriptors_before) = (threads(), descriptors());
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
            // One network thread for both hosts. The system lists a thread for a moment after it was joined.
            wait_until(|| threads() == threads_before + 1);
        }
        pair.to_server.disconnect_now(0);
        pair.client.close();
        pair.server.close();
        // The thread holds descriptors until it ends, so this also tells that it was waited for.
        assert_eq!(descriptors(), descriptors_before, "cycle {cycle}");
        wait_until(|| threads() == threads_before);
        kept.push(pair);
    }
    assert!(
        kept.iter()
            .all(|pair| !pair.server.is_open() && !pair.to_client.is_active())
    );
}
