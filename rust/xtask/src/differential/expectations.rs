//! `differences.json`: where our classes differ from the engine's on purpose, and what is not run.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::compare::Difference;
use super::observe::Step;

/// What `differences.json` holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expectations {
    /// Steps in which our classes differ on purpose.
    intended: Vec<Entry>,
    /// Probes that are played with our classes only, since the engine's do not survive them: what was recorded stands
    /// in for what the engine's would do.
    engine_not_run: Vec<LeftOut>,
    /// Probes that are not played at all.
    not_run: Vec<LeftOut>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    probe: String,
    step: usize,
    /// The number of a defect of the engine's classes and what it is, or another reason.
    reason: String,
    /// With the network thread on (`true`) or off (`false`) only.
    network_thread: Option<bool>,
    /// What our classes do in this step; nothing where that depends on when the network thread runs, which is only
    /// when that is on.
    ours: Option<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    probe: String,
    reason: String,
}

/// The differences of one of the two ways to run our classes.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) network_thread: bool,
    pub(super) differences: Vec<Difference>,
}

impl Expectations {
    /// Whether the engine's classes are left out of `probe`.
    pub(super) fn engine_survives(&self, probe: &str) -> bool {
        !self.engine_not_run.iter().any(|entry| entry.probe == probe)
    }

    /// The probes that are left out, each with its reason.
    pub(super) fn not_run(&self) -> impl Iterator<Item = (&str, &str)> {
        self.not_run
            .iter()
            .map(|entry| (entry.probe.as_str(), entry.reason.as_str()))
    }

    /// Each probe of `recorded` is in `played` or in [`Self::not_run`], every name here is of a recorded probe, and
    /// every step is described that the network thread has no hand in.
    ///
    /// # Errors
    /// On the first name for which that is not so.
    pub(super) fn check_coverage<'a>(
        &self,
        recorded: impl Fn(&str) -> bool,
        names: impl Iterator<Item = &'a str>,
        played: impl Fn(&str) -> bool,
    ) -> Result<()> {
        for name in names {
            let left_out = self.not_run.iter().any(|entry| entry.probe == name);
            ensure!(played(name) || left_out, "nothing plays {name}");
            ensure!(
                !(played(name) && left_out),
                "{name} is played, but differences.json says it is not"
            );
        }
        let entries = self.intended.iter().map(|entry| &entry.probe);
        let others = self.engine_not_run.iter().chain(&self.not_run);
        for name in entries.chain(others.map(|entry| &entry.probe)) {
            ensure!(
                recorded(name),
                "differences.json names {name}, which is not recorded"
            );
        }
        for entry in &self.intended {
            ensure!(
                entry.ours.is_some() || entry.network_thread == Some(true),
                "differences.json does not say what our classes do in {}[{}]",
                entry.probe,
                entry.step
            );
        }
        Ok(())
    }

    /// The differences that no entry describes, and the entries that describe none. Entries of probes that were not
    /// run are left alone.
    pub(super) fn problems(&self, found: &Found, was_run: impl Fn(&str) -> bool) -> Vec<String> {
        let unnamed = found
            .differences
            .iter()
            .filter(|difference| {
                !self
                    .entries_for(found)
                    .any(|entry| entry.describes(difference))
            })
            .map(|difference| format!("not in differences.json: {difference}"));
        let stale = self
            .entries_for(found)
            .filter(|entry| entry.ours.is_some() && was_run(&entry.probe))
            .filter(|entry| {
                !found
                    .differences
                    .iter()
                    .any(|difference| entry.describes(difference))
            })
            .map(|entry| {
                let Entry {
                    probe,
                    step,
                    reason,
                    ..
                } = entry;
                format!("does not differ as differences.json says: {probe}[{step}] ({reason})")
            });
        unnamed.chain(stale).collect()
    }

    /// How many differences of `found` have each reason.
    pub(super) fn counts(&self, found: &Found) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for difference in &found.differences {
            if let Some(entry) = self
                .entries_for(found)
                .find(|entry| entry.describes(difference))
            {
                *counts.entry(entry.reason.as_str()).or_default() += 1;
            }
        }
        counts
    }

    /// The entries that hold for the way our classes were run in `found`.
    fn entries_for(&self, found: &Found) -> impl Iterator<Item = &Entry> {
        let network_thread = found.network_thread;
        self.intended
            .iter()
            .filter(move |entry| entry.network_thread.is_none_or(|on| on == network_thread))
    }
}

impl Entry {
    fn describes(&self, difference: &Difference) -> bool {
        self.probe == difference.probe
            && self.step == difference.step
            && (self.ours.is_none() || difference.seen == self.ours)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(value: u8) -> Step {
        serde_json::from_value(json!({"observed": {"value": value}})).unwrap()
    }

    fn found(network_thread: bool, differences: &[(&str, usize, u8)]) -> Found {
        let difference = |&(probe, step_number, value): &(&str, usize, u8)| Difference {
            probe: probe.to_owned(),
            step: step_number,
            wanted: Some(step(0)),
            seen: Some(step(value)),
        };
        Found {
            network_thread,
            differences: differences.iter().map(difference).collect(),
        }
    }

    fn expectations() -> Expectations {
        serde_json::from_value(json!({
            "intended": [
                {"probe": "p", "step": 1, "reason": "D01", "ours": {"observed": {"value": 7}}},
                {"probe": "q", "step": 1, "reason": "when it runs", "network_thread": true},
                {"probe": "q", "step": 0, "reason": "stall", "network_thread": true, "ours": {"observed": {"value": 8}}},
            ],
            "engine_not_run": [{"probe": "p", "reason": "D02"}],
            "not_run": [{"probe": "r", "reason": "it measures time"}],
        }))
        .unwrap()
    }

    #[test]
    fn every_difference_needs_an_entry_that_says_what_was_seen() {
        let problems = |found: &Found| expectations().problems(found, |_| true);
        assert!(problems(&found(false, &[("p", 1, 7)])).is_empty());
        assert!(problems(&found(true, &[("p", 1, 7), ("q", 0, 8)])).is_empty());
        let other_step = problems(&found(false, &[("p", 1, 7), ("p", 2, 7)]));
        assert!(
            other_step.len() == 1 && other_step[0].starts_with("not in differences.json: p[2]")
        );
        let other_answer = problems(&found(false, &[("p", 1, 6)]));
        assert_eq!(other_answer.len(), 2, "{other_answer:?}");
        assert!(problems(&found(true, &[("p", 1, 7), ("q", 0, 8), ("q", 1, 3)])).is_empty());
        let other_mode = problems(&found(false, &[("p", 1, 7), ("q", 0, 8)]));
        assert_eq!(other_mode.len(), 1, "{other_mode:?}");
    }

    #[test]
    fn an_entry_without_a_difference_is_a_problem_if_its_probe_was_run() {
        let problems =
            |on, ran: &str| expectations().problems(&found(on, &[]), |name| ran.contains(name));
        assert_eq!(
            problems(false, "pq"),
            ["does not differ as differences.json says: p[1] (D01)"]
        );
        assert_eq!(problems(true, "pq").len(), 2);
        assert!(problems(true, "").is_empty());
    }

    #[test]
    fn reasons_are_counted_for_the_way_that_the_probe_was_run() {
        let expectations: Expectations = serde_json::from_value(json!({"intended": [
            {"probe": "p", "step": 0, "reason": "off", "network_thread": false, "ours": {"observed": {"value": 7}}},
            {"probe": "p", "step": 0, "reason": "on", "network_thread": true, "ours": {"observed": {"value": 7}}},
        ]}))
        .unwrap();
        for (network_thread, reason) in [(false, "off"), (true, "on")] {
            let counts = expectations
                .counts(&found(network_thread, &[("p", 0, 7)]))
                .into_iter()
                .collect::<Vec<_>>();
            assert_eq!(counts, [(reason, 1)]);
        }
    }

    #[test]
    fn only_with_the_network_thread_on_may_it_stay_open_what_our_classes_do() {
        let check = |entry| {
            let expectations: Expectations =
                serde_json::from_value(json!({"intended": [entry]})).unwrap();
            expectations
                .check_coverage(|_| true, ["p"].into_iter(), |_| true)
                .map_err(|error| error.to_string())
        };
        let refused = Err("differences.json does not say what our classes do in p[3]".to_owned());
        let open = |network_thread: Option<bool>| {
            json!({
                "probe": "p", "step": 3, "reason": "x", "network_thread": network_thread,
            })
        };
        assert_eq!(check(open(None)), refused);
        assert_eq!(check(open(Some(false))), refused);
        assert_eq!(check(open(Some(true))), Ok(()));
        assert_eq!(
            check(json!({"probe": "p", "step": 3, "reason": "x", "ours": {}})),
            Ok(())
        );
    }

    #[test]
    fn each_recorded_probe_is_played_or_left_out_and_nothing_else_is_named() {
        let check = |names: &[&str], played: &str| {
            expectations()
                .check_coverage(
                    |name| names.contains(&name),
                    names.iter().copied(),
                    |name| played.contains(name),
                )
                .map_err(|error| error.to_string())
        };
        assert_eq!(check(&["p", "q", "r"], "pq"), Ok(()));
        assert_eq!(
            check(&["p", "q", "r"], "p"),
            Err("nothing plays q".to_owned())
        );
        assert!(
            check(&["p", "q", "r"], "pqr").is_err(),
            "r is left out and played"
        );
        assert!(check(&["p", "r"], "p").is_err(), "q is not recorded");
    }
}
