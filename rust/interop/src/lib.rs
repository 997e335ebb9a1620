//! `enet-proto` against other implementations of ENet, live, over a simulated network in virtual time.
//!
//! The tests in `tests/wire` run every scenario with our engine as client and as server opposite
//!
//! - `rusty_enet`, ENet 1.3.18 carried over to Rust by machine: always;
//! - the C library as a distribution ships it, on Linux, loaded from the path in `$ENET_LIBRARY`, which
//!   `cargo xtask test` sets to the one that came with Godot. What cannot be loaded from there fails the test; without
//!   that variable the test says so on standard error and counts as passed.
//!
//! And once with each of these on both ends, as a control: what fails there is wrong in the scenario, not in the engine.
//!
//! What is compared is what the applications see: each event, its user data, channel, flags and payload, in order.
//! Tolerated differences, because nothing that ENet promises depends on them:
//!
//! - connect ids, slots, sessions and the exact bytes and times of datagrams (recordings cover those);
//! - which unreliable packets survive a lossy link: only order, integrity and "at most once" are compared;
//! - when a closing side gives up after the one acknowledgement of its DISCONNECT was lost;
//! - packets that arrived before a DISCONNECT and were not yet taken: our engine hands them out, ENet drops them;
//! - the flags of received packets at the `rusty_enet` end, whose `Packet::kind` answers "reliable" for all.
//!
//! `weaknesses` plays attacks on a server of each: the other implementations must come to harm by each of them, which
//! proves the attack, and ours must not.
