//! Measures how a sender does on simulated paths, in virtual time: the same seed always gives the same figures.
//!
//! The receiver is the engine with ENet's own strategy and quirks, behind a socket buffer of bounded size and served as
//! seldom as a program serves C ENet: a stand-in for a C ENet program that does not change. Senders use either
//! strategy, and are served like it or, as on a network thread, whenever something arrives or is due.
//!
//! [`bulk`] measures throughput, [`stream`] the delivery times of game traffic; both can run several flows over one
//! bottleneck.
#![forbid(unsafe_code)]

mod bulk;
mod stream;
mod world;

pub use bulk::{Bulk, BulkReport, bulk};
pub use stream::{Stream, StreamReport, stream};
pub use world::{Path, Sender};
