//! Replays the recordings of ENet 1.3.18 against the engine.
//!
//! With [`HostConfig::vanilla_quirks`](crate::HostConfig::vanilla_quirks) the engine must do what the library did, bit
//! for bit and millisecond for millisecond; without, it must differ exactly where it is safer on purpose.

mod connected;
mod decode;
mod hardened;
mod identical;
mod network;
mod records;
mod report;
mod rules;
mod session;
mod setup;
mod tables;
mod throttle_trace;
