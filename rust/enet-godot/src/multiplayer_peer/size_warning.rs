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
/// Called where nothing is locked: printing may run a script.
pub(super) fn warn_once(transfer_mode: i32, len: usize) {
    if is_large_unreliable(transfer_mode, len)
        && !SEEN.swap(true, Ordering::Relaxed)
        && Os::singleton().is_debug_build()
    {
        godot_warn!(
            "Sending {len} bytes unreliably, which is above the MTU of {HOST_DEFAULT_MTU} bytes: this will result in \
             higher packet loss."
        );
    }
}

fn is_large_unreliable(transfer_mode: i32, len: usize) -> bool {
    matches!(
        transfer_mode,
        transfer::UNRELIABLE | transfer::UNRELIABLE_ORDERED
    ) && len > HOST_DEFAULT_MTU as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_large_above_the_mtu_and_only_if_it_is_sent_unreliably() {
        for mode in [transfer::UNRELIABLE, transfer::UNRELIABLE_ORDERED] {
            assert!(!is_large_unreliable(mode, 1392));
            assert!(is_large_unreliable(mode, 1393));
        }
        assert!(!is_large_unreliable(transfer::RELIABLE, 1393));
        assert!(!is_large_unreliable(9, 1393), "no mode at all");
    }
}
