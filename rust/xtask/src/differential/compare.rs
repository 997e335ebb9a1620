//! Finds where two runs of a probe differ.

use std::fmt;

use super::observe::Step;

/// A step that differs, counted from 0.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) probe: String,
    pub(super) step: usize,
    /// What the step should be; nothing if there should be none.
    pub(super) wanted: Option<Step>,
    /// What it is; nothing if the run ended before.
    pub(super) seen: Option<Step>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |step: &Option<Step>| {
            step.as_ref()
                .map_or_else(|| "no such step".to_owned(), Step::to_string)
        };
        write!(
            f,
            "{}[{}]:\n  wanted {}\n  seen   {}",
            self.probe,
            self.step,
            text(&self.wanted),
            text(&self.seen)
        )
    }
}

/// Where `seen` differs from `wanted`. If one of the two ends early, its first missing step is the last difference.
pub(super) fn differences(probe: &str, wanted: &[Step], seen: &[Step]) -> Vec<Difference> {
    let mut all = Vec::new();
    for step in 0..wanted.len().max(seen.len()) {
        let (wanted, seen) = (wanted.get(step), seen.get(step));
        if wanted != seen {
            all.push(Difference {
                probe: probe.to_owned(),
                step,
                wanted: wanted.cloned(),
                seen: seen.cloned(),
            });
        }
        if [wanted, seen]
            .into_iter()
            .any(|step| step.is_none_or(Step::is_end))
        {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn step(observed: Value, printed: &[&str]) -> Step {
        Step {
            observed,
            signals: json!([]),
            printed: printed.iter().map(|&kind| kind.to_owned()).collect(),
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
        let first = [1, 2, 3].map(|number| step(json!(number), &[]));
        let silent = [step(json!(1), &[])];
        let stopped = [step(json!(1), &[]), step(Value::Null, &["script error"])];
        for second in [&silent[..], &stopped] {
            assert_eq!(steps_of(&differences("p", &first, second)), [1]);
            assert_eq!(steps_of(&differences("p", second, &first)), [1]);
        }
    }
}
