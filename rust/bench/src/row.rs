//! [`Line`]: one line of the table, and what it was to reach.

use crate::rows::PathRuns;
use crate::stats::Summary;

/// What a measurement is to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    /// Ours at most this part of the baseline.
    Ratio(f64),
    /// Ours at most this, whatever the baseline.
    AtMost(f64),
    /// Ours at least this, whatever the baseline.
    AtLeast(f64),
    /// Nothing: shown for comparison.
    Shown,
}

/// One measured line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// The row it belongs to, as named on the command line.
    pub(crate) row: &'static str,
    /// What was measured.
    pub(crate) work: String,
    pub(crate) unit: &'static str,
    /// Who the baseline is, such as "C ENet".
    pub(crate) beside: &'static str,
    pub(crate) baseline: Option<Summary>,
    pub(crate) ours: Summary,
    pub(crate) mark: Mark,
}

impl Line {
    /// The same without a mark: of rounds that are too few or too short to be judged.
    pub(crate) fn unjudged(self) -> Self {
        Self {
            mark: Mark::Shown,
            ..self
        }
    }

    /// Ours as a part of the baseline, unless that is zero.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.baseline
            .filter(|baseline| baseline.median != 0.0)
            .map(|baseline| self.ours.median / baseline.median)
    }

    /// Whether the mark is met; `None` if there is none, or nothing to compare with.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match self.mark {
            Mark::Ratio(limit) => Some(self.ratio()? <= limit),
            Mark::AtMost(limit) => Some(self.ours.median <= limit),
            Mark::AtLeast(limit) => Some(self.ours.median >= limit),
            Mark::Shown => None,
        }
    }
}

/// What a row needs to run.
pub(crate) struct Setup {
    /// Fewer and shorter rounds: to see that it works, not for numbers to keep or to judge.
    pub(crate) quick: bool,
    /// What rows over a path have measured, and the pictures show too.
    pub(crate) path_runs: PathRuns,
    /// Godot and the demo project with the extension staged; without it, rows inside Godot do not run.
    pub(crate) godot: Option<GodotSetup>,
}

/// Where rows inside Godot run.
pub(crate) struct GodotSetup {
    pub(crate) program: std::path::PathBuf,
    pub(crate) project: std::path::PathBuf,
}

impl Setup {
    /// The one or the other, as `--quick` says.
    pub(crate) const fn pick(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}
