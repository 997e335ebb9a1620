//! A seeded network in memory, in virtual time: the same seed and the same calls always give the same deliveries.
//!
//! [`Network`] carries datagrams between any number of addresses. Each direction between two of them is a [`Link`] of
//! its own, made on first use, with delay, jitter, loss (independent or in bursts), duplication, reordering, a rate
//! limit with a bounded queue and a maximum datagram size ([`LinkConfig`]). Nothing here knows ENet, sockets or clocks:
//! instants are microseconds on whatever clock the caller keeps, and time moves only by the `now_micros` passed in.
//!
//! ```
//! use enet_netsim::{LinkConfig, Network};
//! use std::time::Duration;
//!
//! let (a, b) = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap());
//! let mut network = Network::new(7, LinkConfig::default().delay(Duration::from_millis(10)));
//! network.send(0, a, b, b"hi");
//! assert_eq!(network.next_arrival(), Some(10_000));
//! assert_eq!(network.receive(9_999), None);
//! assert_eq!(network.receive(10_000).unwrap().data, b"hi");
//! ```
//!
//! A driver in virtual time alternates between delivering what has arrived and jumping to the earlier of
//! [`Network::next_arrival`] and its own next timer.
#![forbid(unsafe_code)]

mod buffer;
mod config;
mod link;
mod network;

pub use buffer::ReceiveBuffer;
pub use config::{BurstLoss, LinkConfig};
pub use link::{Link, LinkStatistics};
pub use network::{Datagram, Network};
