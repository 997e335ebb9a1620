//! What the engine logs, on its way to Godot's output.
//!
//! The engine logs from the network thread and with its locks held, where nothing of Godot may be called. So lines wait
//! here until the game polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use godot::global::{godot_error, godot_warn};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;

use crate::convert::sentence;

/// Lines kept at most; later ones are dropped until some were printed.
const MAX_LINES: usize = 64;

struct EngineLog {
    lines: Mutex<VecDeque<(Level, String)>>,
    /// Whether there may be lines: lets an idle poll look without the lock.
    has_lines: AtomicBool,
}

static LOG: EngineLog = EngineLog {
    lines: Mutex::new(VecDeque::new()),
    has_lines: AtomicBool::new(false),
};

impl Log for EngineLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut lines = self.lines.lock();
        if lines.len() < MAX_LINES {
            lines.push_back((record.level(), record.args().to_string()));
            self.has_lines.store(true, Ordering::Release);
        }
    }

    fn flush(&self) {}
}

/// Starts to keep warnings and errors of the engine.
pub(crate) fn install() {
    // Fails only where a logger is set already, which then gets the lines.
    if log::set_logger(&LOG).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

/// Prints what was logged since the last time. Called where nothing is locked: printing may run a script.
pub(crate) fn print() {
    if !LOG.has_lines.swap(false, Ordering::AcqRel) {
        return;
    }
    let lines = std::mem::take(&mut *LOG.lines.lock());
    for (level, line) in lines {
        let line = sentence(&line);
        if level == Level::Error {
            godot_error!("{line}");
        } else {
            godot_warn!("{line}");
        }
    }
}
