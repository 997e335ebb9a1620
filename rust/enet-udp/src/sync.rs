//! Whatever threads share, wait by and tell time by, under one roof: all other modules take it from here.
//!
//! It is the system's, except in the models (see `models/mod.rs`), which put types of their own in its place and so
//! decide which thread runs when. Reference counts stay those of `std`, and are trusted.

#[cfg(not(all(test, feature = "models")))]
mod system {
    pub(crate) use std::sync::atomic;
    pub(crate) use std::thread;
    pub(crate) use std::time::Instant;

    pub(crate) use mio::net::UdpSocket;
    pub(crate) use mio::{Events, Poll, Registry, Waker};
    pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};

    /// Declares statics; in a model they begin anew with each execution.
    macro_rules! process_wide {
        ($($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;)*) => {
            $($(#[$attribute])* static $name: $type = $value;)*
        };
    }
    pub(crate) use process_wide;
}

#[cfg(not(all(test, feature = "models")))]
pub(crate) use system::*;

#[cfg(all(test, feature = "models"))]
pub(crate) use crate::models::system::*;
