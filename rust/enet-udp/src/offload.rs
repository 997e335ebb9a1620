//! [`Offload`]: sends and receives several datagrams by one system call, where the system can.
//!
//! Linux cuts a buffer into datagrams of one size below its IP stack (`UDP_SEGMENT`), which saves most of the way
//! through it, also towards receivers that know nothing of it; and it hands over datagrams of one size and sender in
//! one buffer (`UDP_GRO`). On other systems, and where the kernel or the path refuses, datagrams go one by one.

#[cfg_attr(
    any(target_os = "linux", target_os = "android"),
    path = "offload/linux.rs"
)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "offload/plain.rs"
)]
#[cfg(not(all(test, feature = "models")))]
mod system;
#[cfg(not(all(test, feature = "models")))]
pub(crate) use system::Offload;

use std::net::SocketAddr;

/// What one receive call brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) from: SocketAddr,
    pub(crate) len: usize,
    /// Bytes of each datagram but the last, which may be shorter.
    pub(crate) segment_len: usize,
}
