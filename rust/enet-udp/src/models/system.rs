//! What the models put in the place of [`crate::sync`]'s part of the system.

mod clock;
mod lock;
mod poll;

pub(crate) use shuttle::sync::atomic;

pub(crate) use clock::{Instant, advance};
pub(crate) use lock::{Condvar, Mutex, MutexGuard};
pub(in crate::models) use poll::step;
pub(crate) use poll::{Events, Poll, Registry, UdpSocket, Waker};

/// Threads as the scheduler knows them.
pub(crate) mod thread {
    use std::time::Duration;

    pub(crate) use shuttle::thread::{Builder, JoinHandle, current, spawn, yield_now};

    /// A rest that ends by itself, so it lets all others run first and needs no clock.
    pub(crate) fn sleep(_: Duration) {
        yield_now();
    }
}

/// Declares statics that begin anew with each execution.
macro_rules! process_wide {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;)*) => {
        $(shuttle::lazy_static! { $(#[$attribute])* static ref $name: $type = $value; })*
    };
}
pub(crate) use process_wide;

/// Forgets what the last execution on this thread left behind.
pub(super) fn begin() {
    clock::begin();
    super::socket::begin();
}
