//! Counts allocations: those of Rust here, those of C ENet through its callbacks.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use mimalloc::MiMalloc;

use crate::c_memory;

/// The allocator that is shipped with ours, with counters that work while [`counted`] runs.
pub(crate) struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// What was allocated while counting was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Allocations and reallocations.
    pub(crate) allocations: u64,
    /// Bytes allocated and not freed; those of C as the allocator rounds them.
    pub(crate) live_bytes: i64,
}

/// Runs `work` and counts meanwhile, in all threads: first Rust's share, then that of C ENet.
pub(crate) fn counted(work: impl FnOnce()) -> [Counts; 2] {
    let before = [counts(), c_memory::counts()];
    COUNTING.store(true, Ordering::Relaxed);
    work();
    COUNTING.store(false, Ordering::Relaxed);
    let after = [counts(), c_memory::counts()];
    [0, 1].map(|side| Counts {
        allocations: after[side].allocations - before[side].allocations,
        live_bytes: after[side].live_bytes - before[side].live_bytes,
    })
}

pub(crate) fn is_counting() -> bool {
    COUNTING.load(Ordering::Relaxed)
}

fn counts() -> Counts {
    Counts {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        live_bytes: BYTES.load(Ordering::Relaxed),
    }
}

fn count(allocations: u64, bytes: i64) {
    if is_counting() {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

const fn signed(bytes: usize) -> i64 {
    bytes.cast_signed() as i64
}

// SAFETY: every call goes to the allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, signed(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, signed(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, -signed(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { MiMalloc.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, signed(size) - signed(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { MiMalloc.realloc(memory, layout, size) }
    }
}
