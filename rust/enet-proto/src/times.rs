//! [`PeerTimes`]: the spans that the peers of a host begin with.

use std::time::Duration;

use crate::consts::{
    PEER_PING_INTERVAL, PEER_TIMEOUT_LIMIT, PEER_TIMEOUT_MAXIMUM, PEER_TIMEOUT_MINIMUM,
};

/// The spans that peers of a host begin with; every 0 and `None` is ENet's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeerTimes {
    /// How long an attempt to connect may take, from the first time that it might send. ENet's own is what the
    /// timeouts below come to, 31.5 seconds by default.
    pub connect_timeout: Option<Duration>,
    /// As the arguments of [`Host::set_timeout`](crate::Host::set_timeout): a factor, default 32.
    pub timeout_limit: u32,
    /// Milliseconds, default 5000.
    pub timeout_minimum: u32,
    /// Milliseconds, default 30000.
    pub timeout_maximum: u32,
    /// As the argument of [`Host::set_ping_interval`](crate::Host::set_ping_interval): milliseconds, default 500.
    pub ping_interval: u32,
}

impl PeerTimes {
    /// The times with ENet's own numbers in the place of 0.
    pub(crate) const fn or_defaults(self) -> Self {
        Self {
            connect_timeout: self.connect_timeout,
            timeout_limit: or_default(self.timeout_limit, PEER_TIMEOUT_LIMIT),
            timeout_minimum: or_default(self.timeout_minimum, PEER_TIMEOUT_MINIMUM),
            timeout_maximum: or_default(self.timeout_maximum, PEER_TIMEOUT_MAXIMUM),
            ping_interval: or_default(self.ping_interval, PEER_PING_INTERVAL),
        }
    }
}

const fn or_default(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}
