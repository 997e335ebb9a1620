//! Limits and defaults of the protocol: ENet's names without the `ENET_` prefix.
//!
//! Source: `include/enet/protocol.h` and `enet.h`, ENet 1.3.18.

/// Smallest MTU a peer can ask for, in bytes.
pub const PROTOCOL_MINIMUM_MTU: u32 = 576;
/// Largest datagram, in bytes.
pub const PROTOCOL_MAXIMUM_MTU: u32 = 4096;
/// Most commands in a datagram that ENet sends; receivers have no such limit.
pub const PROTOCOL_MAXIMUM_PACKET_COMMANDS: usize = 32;
/// Smallest reliable window, in bytes.
pub const PROTOCOL_MINIMUM_WINDOW_SIZE: u32 = 4096;
/// Largest reliable window, in bytes.
pub const PROTOCOL_MAXIMUM_WINDOW_SIZE: u32 = 65_536;
/// Fewest channels of a connection.
pub const PROTOCOL_MINIMUM_CHANNEL_COUNT: usize = 1;
/// Most channels of a connection.
pub const PROTOCOL_MAXIMUM_CHANNEL_COUNT: usize = 255;
/// Peer id on the wire that means "no slot yet"; also the number of slots a host can have.
pub const PROTOCOL_MAXIMUM_PEER_ID: u16 = 0xFFF;
/// Most fragments of a message.
pub const PROTOCOL_MAXIMUM_FRAGMENT_COUNT: u32 = 1024 * 1024;

/// Socket buffer that ENet asks of the system for receiving, in bytes.
pub const HOST_RECEIVE_BUFFER_SIZE: usize = 256 * 1024;
/// Socket buffer that ENet asks of the system for sending, in bytes.
pub const HOST_SEND_BUFFER_SIZE: usize = 256 * 1024;
/// Period of the bandwidth throttle, in milliseconds.
pub const HOST_BANDWIDTH_THROTTLE_INTERVAL: u32 = 1000;
/// Default MTU, in bytes.
pub const HOST_DEFAULT_MTU: u32 = 1392;
/// Default of the largest packet, in bytes.
pub const HOST_DEFAULT_MAXIMUM_PACKET_SIZE: usize = 32 * 1024 * 1024;
/// Default of the most bytes a peer may have received and not handed out.
pub const HOST_DEFAULT_MAXIMUM_WAITING_DATA: usize = 32 * 1024 * 1024;

/// Round-trip time assumed before the first sample, in milliseconds.
pub const PEER_DEFAULT_ROUND_TRIP_TIME: u32 = 500;
/// Packet throttle at the start, of [`PEER_PACKET_THROTTLE_SCALE`].
pub const PEER_DEFAULT_PACKET_THROTTLE: u32 = 32;
/// Packet throttle that lets everything through.
pub const PEER_PACKET_THROTTLE_SCALE: u32 = 32;
/// Step of the counter that picks the packets to drop.
pub const PEER_PACKET_THROTTLE_COUNTER: u32 = 7;
/// Default rise of the throttle after a good sample.
pub const PEER_PACKET_THROTTLE_ACCELERATION: u32 = 2;
/// Default fall of the throttle after a bad sample.
pub const PEER_PACKET_THROTTLE_DECELERATION: u32 = 2;
/// Default span over which the best round-trip time is kept, in milliseconds.
pub const PEER_PACKET_THROTTLE_INTERVAL: u32 = 5000;
/// A packet loss of 1 in [`PeerStatistics::packet_loss`](crate::PeerStatistics::packet_loss).
pub const PEER_PACKET_LOSS_SCALE: u32 = 1 << 16;
/// Span over which packet loss is counted, in milliseconds.
pub const PEER_PACKET_LOSS_INTERVAL: u32 = 10_000;
/// Bandwidth worth one [`PROTOCOL_MINIMUM_WINDOW_SIZE`] of window, in bytes per second.
pub const PEER_WINDOW_SIZE_SCALE: u32 = 64 * 1024;
/// Default backoff factor at which a silent peer may be given up.
pub const PEER_TIMEOUT_LIMIT: u32 = 32;
/// Default least silence before a peer is given up, in milliseconds.
pub const PEER_TIMEOUT_MINIMUM: u32 = 5000;
/// Default silence after which a peer is given up in any case, in milliseconds.
pub const PEER_TIMEOUT_MAXIMUM: u32 = 30_000;
/// Default span without acknowledgement after which a peer is pinged, in milliseconds.
pub const PEER_PING_INTERVAL: u32 = 500;
/// Unsequenced groups in one window.
pub const PEER_UNSEQUENCED_WINDOW_SIZE: u32 = 1024;
/// Windows of unsequenced groups a sender may be ahead.
pub const PEER_FREE_UNSEQUENCED_WINDOWS: u32 = 32;
/// Windows into which the 65536 reliable sequence numbers are split.
pub const PEER_RELIABLE_WINDOWS: u16 = 16;
/// Reliable sequence numbers in one window.
pub const PEER_RELIABLE_WINDOW_SIZE: u16 = 0x1000;
/// Windows of reliable numbers between a receiver's oldest and newest, exclusive.
pub const PEER_FREE_RELIABLE_WINDOWS: u16 = 8;
