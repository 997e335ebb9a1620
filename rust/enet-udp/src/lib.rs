//! Sockets, the clock and the network thread: drives [`enet_proto::Host`]s and gives a game handles to them.

mod config;
mod error;
mod event;
mod host;
mod peer;

pub use config::{Bind, UdpHostConfig};
pub use error::{ConnectError, OpenError};
pub use event::HostEvent;
pub use host::UdpHost;
pub use peer::UdpPeer;

/// Stops and joins the network thread, whatever still lives: hosts that it drove are closed first.
///
/// Called once, when the library is about to be unloaded. Handles that outlive it answer as inactive.
pub fn shutdown() {
    todo!()
}
