//! Whether datagrams may be fragmented on their way: probes of the path's MTU may not, all others may.
//!
//! Linux alone is told; other systems send all alike. There a probe finds the sizes that arrive, in one piece or in
//! several, which is what counts for a path that drops what is large.

#[cfg_attr(
    any(target_os = "linux", target_os = "android"),
    path = "fragmentation/linux.rs"
)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "fragmentation/plain.rs"
)]
#[cfg(not(all(test, feature = "models")))]
mod system;
#[cfg(not(all(test, feature = "models")))]
pub(crate) use system::{allow, forbid};

use std::io;

/// Whether `error` says that a datagram is too large to leave in one piece.
pub(crate) fn is_too_large(error: &io::Error) -> bool {
    error.raw_os_error() == TOO_LARGE
}

/// `EMSGSIZE`, where [`forbid`] does anything.
const TOO_LARGE: Option<i32> = {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        Some(rustix::io::Errno::MSGSIZE.raw_os_error())
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        None
    }
};
