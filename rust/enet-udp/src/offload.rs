//! [`Offload`]: sends and receives several datagrams by one system call, where the system can.
//!
//! Linux cuts a buffer into datagrams of one size below its IP stack (`UDP_SEGMENT`), which saves most of the way
//! through it, also towards receivers that know nothing of it; and it hands over datagrams of one size and sender in
//! one buffer (`UDP_GRO`). On other systems, and where the kernel or the path refuses, datagrams go one by one.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::Offload;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod plain;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use plain::Offload;

use std::net::SocketAddr;

/// What one receive call brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) from: SocketAddr,
    pub(crate) len: usize,
    /// Bytes of each datagram but the last, which may be shorter.
    pub(crate) segment_len: usize,
}
