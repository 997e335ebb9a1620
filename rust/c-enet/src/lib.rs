//! C ENet 1.3.18 in this process: [`CHost`] over real sockets and the real clock, or over simulated ones. For tests and
//! benchmarks, on Linux.
//!
//! The library is loaded at run time, by [`load`]. It calls its own socket functions and its clock by name, and the
//! program's definitions of those names go first ([`simulated`]): one compare for each call tells real sockets from
//! simulated ones. For that, the program that uses this crate has to export them: its `build.rs` passes `exported.list`
//! to the linker as `--dynamic-list`.

mod library;
pub mod simulated;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ptr;
use std::time::Duration;

use enet_proto::PacketFlags;

pub use library::{Heap, load};
use library::{RawAddress, RawEvent, RawHost, RawPacket, RawPeer, functions};

/// A host of the C library; destroyed when dropped, and its peers with it.
pub struct CHost(*mut RawHost);

// SAFETY: a host of the library belongs to no thread; it must not be used by two at once, and is not `Sync`.
unsafe impl Send for CHost {}

/// A peer of a [`CHost`]; the name is good as long as the host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CPeer(*mut RawPeer);

// SAFETY: it is only a name: all use goes through the host, by the thread that has it.
unsafe impl Send for CPeer {}

/// What `enet_host_service` reported.
pub enum CEvent {
    /// With the user data of the CONNECT; 0 at the side that connected.
    Connect(CPeer, u32),
    /// With the user data of the DISCONNECT.
    Disconnect(u32),
    /// On which channel, and what.
    Receive(u8, CPacket),
}

/// A received packet.
pub struct CPacket(*mut RawPacket);

impl CPacket {
    /// The payload.
    pub fn data(&self) -> &[u8] {
        // SAFETY: a received packet is ours until destroyed, and has that many bytes; without any, it points nowhere.
        unsafe {
            let packet = &*self.0;
            if packet.data_length == 0 {
                return &[];
            }
            std::slice::from_raw_parts(packet.data, packet.data_length)
        }
    }

    /// How it was sent; `None` if the library says what no sender can.
    pub fn flags(&self) -> Option<PacketFlags> {
        // SAFETY: as above.
        PacketFlags::from_bits(unsafe { (*self.0).flags })
    }
}

impl Drop for CPacket {
    fn drop(&mut self) {
        // SAFETY: the packet was handed to us by an event and is destroyed once.
        unsafe { (functions().packet_destroy)(self.0) }
    }
}

impl CHost {
    /// A host on `address` without limits of bandwidth; port 0 lets the system choose, `None` binds nothing.
    ///
    /// # Panics
    /// If the library cannot make it, which on ports that nobody else has means that the machine is out of something.
    pub fn open(address: Option<SocketAddrV4>, peers: usize, channels: usize) -> Self {
        Self::limited(address, peers, channels, [0, 0])
    }

    /// As [`Self::open`], with limits of the incoming and the outgoing bandwidth in bytes per second; 0 is none.
    pub fn limited(
        address: Option<SocketAddrV4>,
        peers: usize,
        channels: usize,
        [incoming, outgoing]: [u32; 2],
    ) -> Self {
        let address = address.map(raw);
        let pointer = address.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the address is read during the call only.
        let host =
            unsafe { (functions().host_create)(pointer, peers, channels, incoming, outgoing) };
        assert!(!host.is_null(), "enet_host_create failed");
        Self(host)
    }

    /// As [`Self::open`] on a free local port.
    pub fn local(peers: usize, channels: usize) -> Self {
        Self::open(
            Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)),
            peers,
            channels,
        )
    }

    /// The local port.
    pub fn port(&self) -> u16 {
        // SAFETY: the host lives as long as `self`.
        unsafe { (*self.0).address.port }
    }

    /// The socket, real or simulated.
    pub fn socket(&self) -> i32 {
        // SAFETY: as above.
        unsafe { (*self.0).socket }
    }

    /// Compresses what it sends with the range coder, and reads what is compressed so.
    pub fn compress_with_range_coder(&mut self) {
        // SAFETY: the host lives.
        let result = unsafe { (functions().host_compress_with_range_coder)(self.0) };
        assert!(result == 0, "out of memory");
    }

    /// Sends with checksums, and takes nothing without.
    pub fn use_checksums(&mut self) {
        // SAFETY: the host lives, and its fields are those of `enet.h`.
        unsafe { (*self.0).checksum = Some(functions().crc32) }
    }

    /// Begins to connect with user data `data`.
    ///
    /// # Panics
    /// If no slot is free.
    pub fn connect(&mut self, address: SocketAddrV4, channels: usize, data: u32) -> CPeer {
        let address = raw(address);
        // SAFETY: the address is read during the call only.
        let peer =
            unsafe { (functions().host_connect)(self.0, &raw const address, channels, data) };
        assert!(!peer.is_null(), "no slot is free");
        CPeer(peer)
    }

    /// Says goodbye with user data `data`; what is queued may be lost.
    pub fn disconnect(&mut self, peer: CPeer, data: u32) {
        // SAFETY: the peer belongs to this living host, also in the two below.
        unsafe { (functions().peer_disconnect)(peer.0, data) }
    }

    /// Says goodbye once and forgets the peer, without an event.
    pub fn disconnect_now(&mut self, peer: CPeer, data: u32) {
        // SAFETY: as above.
        unsafe { (functions().peer_disconnect_now)(peer.0, data) }
    }

    /// Says goodbye once all that is queued has been delivered.
    pub fn disconnect_later(&mut self, peer: CPeer, data: u32) {
        // SAFETY: as above.
        unsafe { (functions().peer_disconnect_later)(peer.0, data) }
    }

    /// Queues a packet; `false` if the library refused it.
    pub fn send(&mut self, peer: CPeer, channel_id: u8, flags: PacketFlags, data: &[u8]) -> bool {
        let packet = packet(flags, data);
        // SAFETY: the peer belongs to this living host; a refused packet is still ours.
        unsafe {
            let accepted = (functions().peer_send)(peer.0, channel_id, packet) == 0;
            if !accepted {
                (functions().packet_destroy)(packet);
            }
            accepted
        }
    }

    /// Queues a packet to every peer.
    pub fn broadcast(&mut self, channel_id: u8, flags: PacketFlags, data: &[u8]) {
        // SAFETY: the library takes the packet over, whoever it reaches.
        unsafe { (functions().host_broadcast)(self.0, channel_id, packet(flags, data)) }
    }

    /// Never drops unreliable packets to `peer` again, at both ends.
    pub fn disable_throttle(&mut self, peer: CPeer) {
        // SAFETY: the peer belongs to this living host.
        unsafe { (functions().peer_throttle_configure)(peer.0, 5000, 32, 0) }
    }

    /// Sends what is queued.
    pub fn flush(&mut self) {
        // SAFETY: the host lives.
        unsafe { (functions().host_flush)(self.0) }
    }

    /// One call of `enet_host_service`.
    pub fn service(&mut self, timeout: Duration) -> Option<CEvent> {
        let millis = u32::try_from(timeout.as_millis()).expect("timeouts here are short");
        // SAFETY: the event is written during the call only.
        event_of(|event| unsafe { (functions().host_service)(self.0, event, millis) })
    }

    /// The next event of what was read before; reads and sends nothing.
    pub fn check_events(&mut self) -> Option<CEvent> {
        // SAFETY: as above.
        event_of(|event| unsafe { (functions().host_check_events)(self.0, event) })
    }
}

/// The event that `call` writes.
fn event_of(call: impl FnOnce(*mut RawEvent) -> i32) -> Option<CEvent> {
    let mut event = RawEvent {
        kind: 0,
        peer: ptr::null_mut(),
        channel_id: 0,
        data: 0,
        packet: ptr::null_mut(),
    };
    assert!(call(&raw mut event) >= 0, "the library failed");
    match event.kind {
        1 => Some(CEvent::Connect(CPeer(event.peer), event.data)),
        2 => Some(CEvent::Disconnect(event.data)),
        3 => Some(CEvent::Receive(event.channel_id, CPacket(event.packet))),
        _ => None,
    }
}

impl Drop for CHost {
    fn drop(&mut self) {
        // SAFETY: made by `open`, destroyed once.
        unsafe { (functions().host_destroy)(self.0) }
    }
}

fn packet(flags: PacketFlags, data: &[u8]) -> *mut RawPacket {
    // SAFETY: the bytes are copied during the call.
    let packet =
        unsafe { (functions().packet_create)(data.as_ptr().cast(), data.len(), flags.bits()) };
    assert!(!packet.is_null(), "out of memory");
    packet
}

fn raw(address: SocketAddrV4) -> RawAddress {
    RawAddress {
        host: u32::from_ne_bytes(address.ip().octets()),
        port: address.port(),
    }
}
