//! What one side of a match says of it: one line of JSON at its end.

use std::collections::BTreeMap;

use serde::Deserialize;

/// RPCs by lane and peer. A lane is a transfer mode and a channel, such as `reliable/1`.
pub(super) type Counts = BTreeMap<String, BTreeMap<i32, u64>>;

/// One side's account of a match. The demo's `match_side.gd` writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Account {
    pub(super) side: Side,
    pub(super) name: String,
    pub(super) id: i32,
    /// Whether the side itself is content.
    pub(super) succeeded: bool,
    /// Whether the exchange at the end came to its end.
    pub(super) concluded: bool,
    /// What the server found when it compared the sides.
    pub(super) disagreements: Vec<String>,
    /// Ids in the order in which they appeared and went.
    pub(super) joined: Vec<i32>,
    pub(super) left: Vec<i32>,
    pub(super) sent: Counts,
    pub(super) received: Counts,
    /// Paths of the avatars, in the order in which they appeared.
    pub(super) replicated_nodes: Vec<String>,
    pub(super) standings: Vec<Standing>,
    /// Place, health and score of each avatar, as this side sees them.
    pub(super) states: BTreeMap<i32, (String, i64, i64)>,
    /// Mean round-trip time to each linked peer, in milliseconds.
    pub(super) ping_ms: BTreeMap<i32, f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Server,
    Client,
}

/// A line of the final scoreboard, best first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Standing {
    pub(super) id: i32,
    pub(super) name: String,
    pub(super) score: i64,
}

impl Account {
    /// How the line begins.
    pub(super) const PREFIX: &'static str = "RESULT ";

    /// Reads a line of a side's output; `None` if it is not a well-formed account.
    pub(super) fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line.strip_prefix(Self::PREFIX)?).ok()
    }
}

/// One number out of `counts`; what is missing counts as none.
pub(super) fn count(counts: &Counts, lane: &str, peer: i32) -> u64 {
    counts
        .get(lane)
        .and_then(|by_peer| by_peer.get(&peer))
        .copied()
        .unwrap_or(0)
}

/// All peers of one lane together.
pub(super) fn total(counts: &Counts, lane: &str) -> u64 {
    counts.get(lane).map_or(0, |by_peer| by_peer.values().sum())
}
