//! [`FastLz`], [`Zlib`] and [`Zstandard`]: the compressors of Godot's `ENetConnection` besides the range coder, which
//! is ENet's own and lives in `enet-proto`.
//!
//! Each reads what the built-in writes and writes what the built-in reads; the bytes may differ where a format leaves
//! a choice. All of them keep their tables from one datagram to the next and nothing else. What they decode comes from
//! anyone: the output slice bounds both the bytes written and, with the length of the input, the work done.
//!
//! Source: `modules/enet/enet_connection.cpp` and `core/io/compression.cpp` of Godot 4.6.
#![forbid(unsafe_code)]

mod fastlz;
mod zlib;
mod zstandard;

pub use fastlz::FastLz;
pub use zlib::Zlib;
pub use zstandard::Zstandard;
