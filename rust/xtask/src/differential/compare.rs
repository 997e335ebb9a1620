//! Finds where two runs of a probe differ, and whether that is as `differences.json` says.

use std::fmt;

use serde::Deserialize;

use super::observe::Step;

/// A step that differs, counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) probe: String,
    pub(super) step: usize,
    detail: String,
}

/// What `differences.json` holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectations {
    /// Steps in which our classes differ on purpose.
    intended: Vec<Entry>,
    /// Steps that need what our classes do not have yet.
    not_built_yet: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    probe: String,
    step: usize,
    /// The number of a defect of the engine's classes, or a text.
    reason: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.probe, self.step, self.detail)
    }
}

/// Where `second` differs from `first`. If one of the two ends early, its first missing step is the last difference.
pub(super) fn differences(probe: &str, first: &[Step], second: &[Step]) -> Vec<Difference> {
    let difference = |step, detail| Difference {
        probe: probe.to_owned(),
        step,
        detail,
    };
    // A script that stops early prints an error, which is a step without observations behind its last one.
    let stopped = |steps: &[Step]| steps.last().is_some_and(|step| step.observed.is_null());
    let count = |steps: &[Step]| steps.len() - usize::from(stopped(steps));
    let shared = count(first).min(count(second));
    let mut all: Vec<Difference> = first
        .iter()
        .zip(second)
        .take(shared)
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(index, (a, b))| difference(index, format!("\n  {}\n  {}", shown(a), shown(b))))
        .collect();
    if first.len() != second.len() || first.get(shared) != second.get(shared) {
        let detail = format!("{} steps against {}", count(first), count(second));
        all.push(difference(shared, detail));
    }
    all
}

fn shown(step: &Step) -> String {
    format!("{} {} {:?}", step.observed, step.signals, step.printed)
}

impl Expectations {
    /// The differences that no entry names, and the entries that name none. Entries of probes that were not run are
    /// left alone, unless `all_ran`: then there are no such probes.
    pub(super) fn problems(
        &self,
        found: &[Difference],
        was_run: impl Fn(&str) -> bool,
        all_ran: bool,
    ) -> Vec<String> {
        let entries = || self.intended.iter().chain(&self.not_built_yet);
        let unnamed = found
            .iter()
            .filter(|difference| !entries().any(|entry| entry.names(difference)))
            .map(|difference| format!("not in differences.json: {difference}"));
        let stale = entries()
            .filter(|entry| all_ran || was_run(&entry.probe))
            .filter(|entry| !found.iter().any(|difference| entry.names(difference)))
            .map(|entry| {
                let Entry {
                    probe,
                    step,
                    reason,
                } = entry;
                format!("differs no more: {probe}[{step}] ({reason})")
            });
        unnamed.chain(stale).collect()
    }
}

impl Entry {
    fn names(&self, difference: &Difference) -> bool {
        self.probe == difference.probe && self.step == difference.step
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    fn step(observed: Value, printed: &[&str]) -> Step {
        Step {
            observed,
            signals: json!([]),
            printed: printed
                .iter()
                .map(|&kind| kind.to_owned())
                .collect::<BTreeSet<_>>(),
        }
    }

    fn steps_of(found: &[Difference]) -> Vec<usize> {
        found.iter().map(|difference| difference.step).collect()
    }

    #[test]
    fn a_step_differs_by_what_it_observed_and_by_the_severities_it_printed() {
        let first = [
            step(json!(1), &[]),
            step(json!(2), &["error"]),
            step(json!(3), &[]),
        ];
        let second = [
            step(json!(1), &[]),
            step(json!(2), &["warning"]),
            step(json!(4), &[]),
        ];
        assert_eq!(steps_of(&differences("p", &first, &second)), [1, 2]);
        assert!(differences("p", &first, &first).is_empty());
    }

    #[test]
    fn a_run_that_stops_early_differs_at_its_first_missing_step() {
        let first = [step(json!(1), &[]), step(json!(2), &[])];
        let silent = [step(json!(1), &[])];
        let stopped = [step(json!(1), &[]), step(Value::Null, &["script error"])];
        for second in [&silent[..], &stopped] {
            assert_eq!(steps_of(&differences("p", &first, second)), [1]);
        }
    }

    #[test]
    fn a_difference_without_an_entry_and_an_entry_without_a_difference_are_problems() {
        let expectations: Expectations = serde_json::from_value(json!({
            "intended": [{"probe": "p", "step": 1, "reason": "D01"}],
            "not_built_yet": [{"probe": "q", "step": 0, "reason": "create_mesh"}],
        }))
        .unwrap();
        let found = |probe: &str, step| Difference {
            probe: probe.to_owned(),
            step,
            detail: String::new(),
        };
        let problems = |found: &[Difference], ran: &str, all| {
            expectations.problems(found, |name| ran.contains(name), all)
        };
        assert!(problems(&[found("p", 1), found("q", 0)], "pq", true).is_empty());
        assert_eq!(
            problems(&[found("p", 2)], "p", false),
            [
                "not in differences.json: p[2]: ",
                "differs no more: p[1] (D01)"
            ]
        );
        assert!(problems(&[], "", false).is_empty(), "nothing was run");
        assert_eq!(problems(&[], "", true).len(), 2);
    }
}
