//! [`Usage`]: what a process takes of the machine, looked at from outside, and [`Series`] of that.

use std::fs;

use super::trend::Trend;

/// What a process has at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Memory that is in RAM.
    pub(super) resident_kib: u32,
    pub(super) threads: u32,
    /// Open files, sockets and the like.
    pub(super) descriptors: u32,
}

/// One of the numbers of a [`Usage`].
pub(super) type Count = fn(&Usage) -> u32;

/// Numbers that must stay as they are, and their names.
pub(super) const COUNTS: [(&str, Count); 2] = [
    ("threads", |usage| usage.threads),
    ("descriptors", |usage| usage.descriptors),
];

impl Usage {
    /// What the process with this number has now; `None` if it has ended, or where the system does not tell.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        Self::parse(&status, u32::try_from(descriptors).ok()?)
    }

    fn parse(status: &str, descriptors: u32) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Some(Self {
            resident_kib: field("VmRSS:")?,
            threads: field("Threads:")?,
            descriptors,
        })
    }
}

/// What one process had, about once a second.
#[derive(Debug, Default)]
pub(super) struct Series(Vec<(f64, Usage)>);

impl Series {
    /// - `seconds`: since the soak began; increasing.
    pub(super) fn push(&mut self, seconds: f64, usage: Usage) {
        self.0.push((seconds, usage));
    }

    pub(super) fn last(&self) -> Option<Usage> {
        self.0.last().map(|(_, usage)| *usage)
    }

    /// The most of `value` before `at`, and from then on; 0 where nothing was measured.
    pub(super) fn most(&self, at: f64, value: Count) -> (u32, u32) {
        let split = self.0.partition_point(|(seconds, _)| *seconds < at);
        let most = |part: &[(f64, Usage)]| part.iter().map(|(_, usage)| value(usage)).max();
        let (before, after) = self.0.split_at(split);
        (most(before).unwrap_or(0), most(after).unwrap_or(0))
    }

    /// How memory moves, in KiB, within these moments.
    pub(super) fn memory(&self, from: f64, to: f64) -> Option<Trend> {
        let within = |(seconds, _): &&(f64, Usage)| (from..to).contains(seconds);
        let points = self.0.iter().filter(within);
        let points: Vec<(f64, f64)> = points
            .map(|(seconds, usage)| (*seconds, f64::from(usage.resident_kib)))
            .collect();
        Trend::of(&points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_and_a_part_of_one_is_not() {
        let status = "Name:\tgodot\nVmHWM:\t  9 kB\nVmRSS:\t  131072 kB\nThreads:\t7\n";
        let usage = Usage::parse(status, 13).unwrap();
        let expected = Usage {
            resident_kib: 131_072,
            threads: 7,
            descriptors: 13,
        };
        assert_eq!(usage, expected);
        assert_eq!(Usage::parse("Threads:\t7\n", 13), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_open_file_more_is_seen() {
        let own = || Usage::of(std::process::id()).unwrap().descriptors;
        // Other tests of this process open files too: enough of them stand out.
        let before = own();
        let files: Vec<_> = (0..200)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        assert!(own() >= before + 100, "{before}");
        drop(files);
    }
}
