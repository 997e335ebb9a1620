//! The rows of the table, a module for each group that measures in one way.

mod broadcast;
mod bulk;
mod fairness;
mod flush;
mod godot;
mod idle;
mod messages;
mod paths;
mod peers;

use anyhow::Result;

use crate::row::{Line, Setup};

pub(crate) use paths::{LATENCY, PathRuns, TRANSFER};

/// A row as the command line names it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Whether it runs inside Godot.
    pub(crate) needs_godot: bool,
    pub(crate) measure: fn(&Setup) -> Result<Vec<Line>>,
}

/// In the order of the table.
pub(crate) const ROWS: &[Row] = &[
    in_godot(godot::CALLS, godot::measure_calls),
    in_godot(godot::SERVER, godot::measure_server),
    native(broadcast::NAME, broadcast::measure),
    native(flush::NAME, flush::measure),
    native(idle::NAME, idle::measure),
    native(messages::NAME, messages::measure),
    native(bulk::NAME, bulk::measure),
    native(paths::TRANSFER, paths::measure_transfer),
    native(paths::LATENCY, paths::measure_latency),
    native(fairness::NAME, fairness::measure),
    native(peers::CONNECT, peers::measure_connect),
    native(peers::MEMORY, peers::measure_memory),
];

const fn in_godot(name: &'static str, measure: fn(&Setup) -> Result<Vec<Line>>) -> Row {
    Row {
        needs_godot: true,
        ..native(name, measure)
    }
}

const fn native(name: &'static str, measure: fn(&Setup) -> Result<Vec<Line>>) -> Row {
    Row {
        name,
        needs_godot: false,
        measure,
    }
}
