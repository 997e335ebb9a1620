//! Sockets, the clock and the network thread: drives [`enet_proto::Host`]s and gives a game handles to them.
//!
//! ```text
//! game's threads                                      network thread, one for the process
//! UdpHost, UdpPeer ──► HostShared { port, engine, inbox } ◄── reactor: a turn for each host with something to do
//! ```
//!
//! A [`UdpHost`] is driven by the network thread, or, if its configuration says so, by the threads that call it. Both
//! take the same steps: receive a batch, let the engine handle it, run what is due, send what is queued.
//!
//! # Locks
//!
//! Taken in this order, none while a later one is held:
//!
//! 1. the driver of a host without the network thread, for a pass or a whole `service` call;
//! 2. the port: the socket and the datagrams on their way to it, which thus leave in order whoever sends them;
//! 3. the engine: for one call of the game or one batch of datagrams; no system call is made with it held;
//! 4. the inbox: the events on their way to the game and the peers that it knows.
//!
//! The lock of the running network thread and the two inside what wakes it are held by themselves, for a few
//! instructions and system calls that do not block. Nobody waits for a thread to end, for a socket, or
//! for an event with a lock held, except for the driver of 1 and the inbox on its own condition variable. No code of
//! the game runs with a lock held: events are handed out by value.
//!
//! # What the game sees, and when
//!
//! The engine runs ahead of the game. What the game does shows in all getters when the call returns; what the remote
//! did shows when its event is handed out by [`UdpHost::next_event`] or [`UdpHost::service`], and not before. See
//! `inbox.rs`, where both meet.
//!
//! # Other transports
//!
//! A host whose datagrams do not go to a plain socket (DTLS through an engine's own objects) has a [`Transport`] in the
//! socket's place: [`UdpHost::replace_socket`]. Such a host leaves the network thread; the threads that call it drive it.
//! The port then only queues datagrams, and the transport is called with no lock held that anybody waits for, except the
//! driver's, which a `service` call elsewhere waits for as long as it would have waited anyway; see `carrier.rs`.

mod batch;
mod carrier;
mod config;
mod direct;
mod engine;
mod error;
mod event;
mod fault;
#[cfg(not(all(test, feature = "models")))]
mod fragmentation;
mod frames;
mod host;
mod inbox;
#[cfg(all(test, feature = "models"))]
mod models;
mod offload;
mod peer;
mod port;
mod reactor;
mod route;
mod shared;
mod sleeper;
#[cfg(not(all(test, feature = "models")))]
mod socket;
#[cfg(all(test, feature = "models"))]
use models::socket;
mod sync;
mod transport;
mod watch;

pub use config::{Bind, UdpHostConfig};
pub use error::{ConnectError, OpenError, ReplaceError};
pub use event::HostEvent;
pub use frames::note_frame;
pub use host::UdpHost;
pub use peer::UdpPeer;
pub use transport::Transport;

/// Stops and joins the network thread, whatever still lives, and closes the hosts that it drove.
///
/// Called when the library is about to be unloaded; no host may be opened at the same time. Handles that outlive it
/// answer as inactive.
pub fn shutdown() {
    reactor::shutdown();
}
