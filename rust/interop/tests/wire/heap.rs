//! Counts what the thread of a test holds of the heap. The hosts in this process belong to one thread each.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
#[cfg(target_os = "linux")]
use std::ffi::c_void;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Bytes allocated and not freed by this thread.
pub(crate) fn held() -> usize {
    HELD.get()
}

/// What C ENet takes its memory from: that of C, counted as the thread's.
#[cfg(target_os = "linux")]
pub(crate) const OF_C: c_enet::Heap = c_enet::Heap {
    malloc: c_malloc,
    free: c_free,
};

#[cfg(target_os = "linux")]
extern "C" fn c_malloc(size: usize) -> *mut c_void {
    // SAFETY: any size is allowed, and what is asked about is null or a live allocation.
    unsafe {
        let memory = libc::malloc(size);
        add(libc::malloc_usable_size(memory));
        memory
    }
}

#[cfg(target_os = "linux")]
extern "C" fn c_free(memory: *mut c_void) {
    // SAFETY: null or what came from `c_malloc`, once.
    unsafe {
        add(libc::malloc_usable_size(memory).wrapping_neg());
        libc::free(memory);
    }
}

/// The system's allocator with a counter for each thread; what crosses threads makes it wrap, which differences undo.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

fn add(bytes: usize) {
    HELD.set(HELD.get().wrapping_add(bytes));
}

// SAFETY: every call goes to the system's allocator unchanged; the counter needs no memory and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        add(layout.size().wrapping_neg());
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size.wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}
