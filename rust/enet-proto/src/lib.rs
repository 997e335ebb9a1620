//! The ENet 1.3.18 protocol as a pure state machine.
//!
//! Bytes, time and a seed go in; datagrams and events come out. There is no socket, no clock and no thread here, so
//! the same inputs always give the same outputs. A driver owns the socket and the clock and runs this loop:
//!
//! 1. [`Host::handle_datagram`] for each datagram received, [`Host::handle_timeout`] when [`Host::poll_timeout`] is due;
//! 2. [`Host::poll_transmit`] until it returns `None`, sending what it wrote;
//! 3. [`Host::poll_event`] until it returns `None`;
//! 4. wait for the socket or for [`Host::poll_timeout`].
//!
//! The one invariant: after any change to a `Host`, drain `poll_transmit` and `poll_event` before the next wait.
#![forbid(unsafe_code)]

pub mod consts;

mod admission;
mod channel;
mod checksum;
mod choices;
mod compress;
mod config;
mod error;
mod event;
mod host;
mod limits;
mod outcome;
mod packet;
mod peer;
mod time;
mod times;
mod wire;

#[cfg(test)]
mod tests;

pub use admission::{Admission, ConnectRequest, Verdict};
pub use checksum::crc32;
pub use compress::{Compressor, RangeCoder};
pub use config::{Checksum, HostConfig};
pub use error::{ConnectError, SendError};
pub use event::{DisconnectCause, Event, PeerId};
pub use host::{
    Ban, Datagrams, DropCause, Host, HostStatistics, Mark, Prefix, PrefixError, Run, RunLimits,
    Transmit, WaitingId,
};
pub use limits::Limits;
pub use outcome::Reason;
pub use packet::{Packet, PacketFlags};
pub use peer::{PeerState, PeerStatistics, Recovery};
pub use time::Time;
pub use times::PeerTimes;
