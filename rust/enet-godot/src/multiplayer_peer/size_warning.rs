//! The warning about large unreliable packets, once a process, as the built-in class gives it.

use std::sync::atomic::{AtomicBool, Ordering};

use enet_proto::consts::HOST_DEFAULT_MTU;
use godot::classes::Os;
use godot::global::godot_warn;
use godot::obj::Singleton as _;

use super::core::transfer;

/// Set with the first packet to warn of, whether or not the engine is a debug build.
static SEEN: AtomicBool = AtomicBool::new(false);

/// Warns if a packet of `len` bytes is the first of the process that is sent by an unreliable mode and is larger than
/// ENet's MTU: it is lost if any of its fragments is. Only debug builds of the engine print it.
///
/// Called where nothing is locked: printing may run a script. The mode is asked for only if it matters.
pub(super) fn warn_once(len: usize, transfer_mode: impl FnOnce() -> i32) {
    if len > HOST_DEFAULT_MTU as usize
        && !SEEN.load(Ordering::Relaxed)
        && is_unreliable(transfer_mode())
        && !SEEN.swap(true, Ordering::Relaxed)
        && Os::singleton().is_debug_build()
    {
        godot_warn!(
            "Sending {len} bytes unreliably, which is above the MTU of {HOST_DEFAULT_MTU} bytes: this will result in \
             higher packet loss."
        );
    }
}

const fn is_unreliable(transfer_mode: i32) -> bool {
    matches!(
        transfer_mode,
        transfer::UNRELIABLE | transfer::UNRELIABLE_ORDERED
    )
}
