//! What messages and connections take of the heap. By itself in this file, since it counts for the whole process.
//!
//! The hosts are driven by this test's thread alone, so that every run counts the same.

#[path = "hosts/common.rs"]
mod common;

use std::alloc::System;

use common::{Pair, loopback, pump};
use enet_proto::{Packet, PacketFlags};
use enet_udp::{Bind, HostEvent, UdpHost, UdpHostConfig};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Messages between two flushes.
const FRAME: usize = 64;
const FRAMES: usize = 200;
/// Frames until all buffers have their size.
const WARM_UP: usize = 50;
const CHANNELS: usize = 255;

#[test]
fn messages_cost_their_payload_and_connections_no_more_than_they_use() {
    for flags in [
        PacketFlags::NONE,
        PacketFlags::RELIABLE,
        PacketFlags::UNSEQUENCED,
    ] {
        messages_cost_one_allocation(flags);
    }
    idle_hosts_cost_none();
    unused_channels_cost_next_to_nothing();
}

/// The received payload; the sent one is shared.
fn messages_cost_one_allocation(flags: PacketFlags) {
    let pair = Pair::connected(false);
    let packet = Packet::new(vec![7; 100], flags);
    // The second handle to the bytes costs an allocation of its own, once.
    let _shared = packet.clone();
    let frames = |count: usize| {
        for _ in 0..count {
            for _ in 0..FRAME {
                pair.to_server.send(0, packet.clone()).unwrap();
            }
            pair.client.flush();
            let mut received = 0;
            while received < FRAME {
                pair.server.poll();
                while let Some(event) = pair.server.next_event() {
                    assert!(matches!(event, HostEvent::Receive { .. }), "{event:?}");
                    received += 1;
                }
                pair.client.poll();
                assert!(pair.client.next_event().is_none());
            }
        }
    };
    frames(WARM_UP);
    let region = Region::new(HEAP);
    frames(FRAMES);
    let spent = region.change();
    let (messages, allocations) = (FRAME * FRAMES, spent.allocations + spent.reallocations);
    // What is above one a message belongs to the system calls.
    assert!(
        allocations <= messages + messages / 20,
        "{flags:?}: {allocations} allocations for {messages} messages"
    );
    let kept = spent
        .bytes_allocated
        .saturating_sub(spent.bytes_deallocated);
    assert!(kept < 4096, "{flags:?}: {kept} bytes were kept");
}

fn idle_hosts_cost_none() {
    let host = UdpHost::open(
        UdpHostConfig::new(4095)
            .threaded(false)
            .bind(Bind::Address(loopback(0))),
    )
    .unwrap();
    host.poll();
    let region = Region::new(HEAP);
    for _ in 0..100 {
        host.poll();
        host.flush();
        assert!(host.next_event().is_none());
    }
    assert_eq!(region.change().allocations, 0);
}

fn unused_channels_cost_next_to_nothing() {
    const PEERS: usize = 128;
    /// Attempts that a server keeps of one address and port at a time.
    const AT_A_TIME: usize = 16;
    let server = UdpHost::open(
        UdpHostConfig::new(PEERS)
            .threaded(false)
            .bind(Bind::Address(loopback(0))),
    )
    .unwrap();
    let client = UdpHost::open(UdpHostConfig::new(PEERS).threaded(false)).unwrap();
    let address = server.local_address().unwrap();
    let connect = |count: usize| {
        for _ in 0..count {
            client.connect(address, CHANNELS, 0).unwrap();
        }
        let events = pump(&[&server, &client], |events| events.len() == 2 * count);
        drop(events);
    };
    // Buffers that the first connections make serve all.
    connect(1);
    let region = Region::new(HEAP);
    for begun in (1..PEERS).step_by(AT_A_TIME) {
        connect(AT_A_TIME.min(PEERS - begun));
    }
    let spent = region.change();
    let kept = spent.bytes_allocated - spent.bytes_deallocated;
    let each = kept / (2 * (PEERS - 1));
    assert_eq!(server.peers()[PEERS - 1].channel_count(), CHANNELS);
    assert!(each < 3 * 1024, "a connected peer takes {each} bytes");
    println!("a connected peer with {CHANNELS} channels takes {each} bytes");
}
