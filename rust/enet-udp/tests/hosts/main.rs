//! Hosts on real sockets of the loopback, with the network thread and without.

/// Makes two tests of each function: with the network thread and without.
macro_rules! in_both_modes {
    ($($(#[$meta:meta])* fn $name:ident($threaded:ident: bool) $body:block)*) => {
        mod threaded {
            $($(#[$meta])* #[test] fn $name() { super::$name(true); })*
        }
        mod direct {
            $($(#[$meta])* #[test] fn $name() { super::$name(false); })*
        }
        $($(#[$meta])* fn $name($threaded: bool) $body)*
    };
}

mod admission;
mod closing;
mod common;
mod connection;
mod memory;
mod sockets;
mod stall;
mod threads;
mod traffic;
mod transport;
