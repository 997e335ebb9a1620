//! Counts what C ENet allocates.

use std::ffi::c_void;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::memory::{Counts, is_counting};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// What the library takes its memory from.
pub(crate) const HEAP: c_enet::Heap = c_enet::Heap { malloc, free };

extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: any size is allowed.
    let memory = unsafe { libc::malloc(size) };
    if is_counting() {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(usable(memory), Ordering::Relaxed);
    }
    memory
}

extern "C" fn free(memory: *mut c_void) {
    if is_counting() {
        BYTES.fetch_sub(usable(memory), Ordering::Relaxed);
    }
    // SAFETY: the library frees what came from `malloc`, once.
    unsafe { libc::free(memory) }
}

fn usable(memory: *mut c_void) -> i64 {
    // SAFETY: `memory` is null or a live allocation of `malloc`.
    unsafe { libc::malloc_usable_size(memory) }.cast_signed() as i64
}

/// What the library allocated while counting was on.
pub(crate) fn counts() -> Counts {
    Counts {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        live_bytes: BYTES.load(Ordering::Relaxed),
    }
}
