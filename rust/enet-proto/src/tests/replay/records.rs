//! The records of a session file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One line of a session file. `t` is the recorder's clock in milliseconds; it counts on past 2^32.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Record {
    Call(Called),
    Datagram(Datagram),
    Event(Happened),
    State(State),
    Note { t: u64, text: String },
    Inject(Datagram),
}

impl Record {
    /// When it was recorded.
    pub(super) fn t(&self) -> u64 {
        match self {
            Self::Call(Called { t, .. })
            | Self::Datagram(Datagram { t, .. })
            | Self::Event(Happened { t, .. })
            | Self::State(State { t, .. })
            | Self::Note { t, .. }
            | Self::Inject(Datagram { t, .. }) => *t,
        }
    }
}

/// What the application of `host` asked for.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Called {
    pub(super) t: u64,
    pub(super) host: String,
    #[serde(flatten)]
    pub(super) call: Call,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(super) enum Call {
    Connect {
        channels: usize,
        data: u32,
    },
    Send(Send),
    Disconnect {
        data: u32,
    },
    DisconnectLater {
        data: u32,
    },
    DisconnectNow {
        data: u32,
    },
    Reset,
    Ping,
    PingInterval {
        ms: u32,
    },
    ThrottleConfigure {
        interval: u32,
        acceleration: u32,
        deceleration: u32,
    },
    BandwidthLimit {
        #[serde(rename = "in")]
        incoming: u32,
        #[serde(rename = "out")]
        outgoing: u32,
    },
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Send {
    pub(super) channel: u8,
    pub(super) flags: u32,
    pub(super) len: usize,
    /// Seed of the payload; without it the payload is what the datagrams carried.
    pub(super) fill: Option<usize>,
    pub(super) crc32: String,
    /// 0 is accepted.
    pub(super) result: i32,
}

impl Send {
    /// The payload that `fill` stands for.
    pub(super) fn pattern(len: usize, fill: usize) -> Vec<u8> {
        (0..len)
            .map(|i| (i * 31 + (i >> 8) * 7 + fill).to_le_bytes()[0])
            .collect()
    }
}

/// A UDP payload, with who sent it and to whom.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Datagram {
    pub(super) t: u64,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) len: usize,
    #[serde(default)]
    pub(super) lost: bool,
    pub(super) hex: String,
}

/// What `host` told its application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Happened {
    pub(super) t: u64,
    pub(super) host: String,
    #[serde(flatten)]
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum What {
    Connect {
        peer: u16,
        data: u32,
    },
    Disconnect {
        peer: u16,
        data: u32,
    },
    Receive {
        peer: u16,
        channel: u8,
        flags: u32,
        len: usize,
        crc32: String,
    },
}

/// The fields of one peer, under the recorder's names.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct State {
    pub(super) t: u64,
    pub(super) host: String,
    #[serde(flatten)]
    pub(super) fields: BTreeMap<String, Value>,
}

impl State {
    /// The slot of the peer in its host's table.
    pub(super) fn slot(&self) -> u16 {
        self.fields["incomingPeerID"]
            .as_u64()
            .and_then(|slot| slot.try_into().ok())
            .expect("every state names its slot")
    }
}
