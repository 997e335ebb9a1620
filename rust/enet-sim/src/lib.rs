//! Deterministic simulation: one server and up to 64 clients play a random session over a bad network in virtual time.
//!
//! ```text
//! seed ──► Session ──► operations: connect, send, leave, crash, restart, partition, stall, …
//!             │
//!             ├── World:  hosts, their clocks, the network; time jumps from one happening to the next
//!             └── Ledger: what was promised by every call, held against every event the moment it comes
//! ```
//!
//! Everything follows from the seed: the same seed plays the same session, byte for byte, alone or among others. Some
//! hosts answer as ENet's C library does (`vanilla_quirks`), the others as ours.
//!
//! # What must hold
//!
//! - Reliable packets arrive exactly once and in order on each channel; unreliable ones at most once, sequenced ones in
//!   order; nothing arrives changed, or on another connection.
//! - Each peer of the server is announced by one Connect and dismissed by one Disconnect, or by a call of its own
//!   application; nothing comes before the one or after the other.
//! - What a peer keeps for its application stays within the limit that the host was given.
//! - The hosts count what the network carried.
//! - Virtual time always moves: an instant comes to rest, and a timer that was served lies ahead.
//! - Once the network is whole again, what stands is complete, and when everyone has left, nobody is kept.

mod dice;
mod ledger;
mod payload;
mod profile;
mod seeds;
mod session;
mod world;

pub use profile::Profile;
pub use seeds::{Failure, Report, play_seeds};
pub use session::{Tally, play, play_script};
