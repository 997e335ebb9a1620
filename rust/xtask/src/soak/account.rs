//! [`Outcome`]: what the processes of a soak told.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::process::Run;

use super::usage::Series;

const LINK: &str = "SOAK ";
const REST: &str = "SOAK_REST ";
const SERVER: &str = "SOAK_SERVER ";
const PROXY: &str = "PROXY ";

/// One end of one connection, or an attempt to connect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    pub(super) side: String,
    /// By which both sides know it.
    pub(super) id: u64,
    /// Of each reliable stream.
    pub(super) sent: [u64; 2],
    pub(super) received: [u64; 2],
    pub(super) unreliable_sent: u64,
    pub(super) unreliable_received: u64,
    pub(super) out_of_turn: u64,
    pub(super) damaged: u64,
    pub(super) refused: u64,
    /// From here on only clients tell.
    pub(super) class: String,
    /// How it was to end.
    pub(super) way: String,
    /// How it ended; `ended` if that was as it should be.
    pub(super) end: String,
    pub(super) joined: bool,
    /// Signals that came.
    pub(super) connects: u64,
    pub(super) disconnects: u64,
}

impl Link {
    /// Whether both sides waited for all packets before it ended.
    pub(super) fn is_settled(&self) -> bool {
        self.way == "close" && self.end == "ended"
    }
}

/// How a process stands when it has no connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Rest {
    pub(super) when: String,
    pub(super) resident_kib: u64,
    pub(super) threads: u64,
    pub(super) descriptors: u64,
    pub(super) objects: u64,
}

/// What the server counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Server {
    pub(super) arrivals: u64,
    pub(super) departures: u64,
    /// Packets of nobody who was there.
    pub(super) strays: u64,
    /// The longest time from one frame to the next. What arrives meanwhile waits, in memory that the process keeps.
    pub(super) longest_frame_msec: u64,
}

/// A process that was there from the beginning to the end.
#[derive(Debug)]
pub(super) struct Resident {
    pub(super) name: String,
    /// Whether it is ours that is judged.
    pub(super) is_ours: bool,
    /// Players that it plays with at a time.
    pub(super) players: u32,
    pub(super) series: Series,
    pub(super) begin: Option<Rest>,
    pub(super) end: Option<Rest>,
}

impl Resident {
    pub(super) fn new(name: String, is_ours: bool, players: u32) -> Self {
        Self {
            name,
            is_ours,
            players,
            series: Series::default(),
            begin: None,
            end: None,
        }
    }

    /// Takes in what it told in the end.
    pub(super) fn hear(&mut self, run: &Run) {
        for rest in run.told::<Rest>(REST) {
            match rest.when.as_str() {
                "begin" => self.begin = Some(rest),
                _ => self.end = Some(rest),
            }
        }
    }
}

/// Everything that is known of a soak.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How long clients came.
    pub(super) seconds: f64,
    pub(super) runs: Vec<Run>,
    pub(super) residents: Vec<Resident>,
    pub(super) clients: Vec<Link>,
    pub(super) servers: Vec<Link>,
    pub(super) server: Option<Server>,
    pub(super) network: BTreeMap<String, u64>,
}

impl Outcome {
    pub(super) fn new(seconds: f64, runs: Vec<Run>, residents: Vec<Resident>) -> Self {
        let links = runs.iter().flat_map(|run| run.told::<Link>(LINK));
        let (servers, clients) = links.partition(|link| link.side == "server");
        Self {
            seconds,
            residents,
            clients,
            servers,
            server: runs.iter().find_map(|run| run.told(SERVER).next()),
            network: runs
                .iter()
                .find_map(|run| run.told(PROXY).next())
                .unwrap_or_default(),
            runs,
        }
    }

    /// Connections of clients, in all and by what `key` tells of each.
    pub(super) fn count_by(&self, key: fn(&Link) -> &str) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for link in self.clients.iter().filter(|link| link.joined) {
            *counts.entry(key(link)).or_insert(0) += 1;
        }
        counts
    }
}
