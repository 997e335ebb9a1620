//! Reads the steps of probes from what a process printed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

const PROBE: &str = "[probe] ";
const STEP: &str = "[step] ";
const END: &str = "[end]";

/// The steps of each probe.
pub(super) type Probes = BTreeMap<String, Vec<Step>>;

/// What a step did, in a form that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// What the probe asked for, by name.
    pub(super) observed: Value,
    /// Signals since the step before.
    pub(super) signals: Value,
    /// Severities printed since the step before; how many lines of each is not compared.
    pub(super) printed: BTreeSet<String>,
}

/// A step as `record.json` has it.
#[derive(Debug, Deserialize)]
pub(super) struct RecordedStep {
    #[serde(default)]
    observed: Map<String, Value>,
    #[serde(default)]
    signals: Vec<Value>,
    #[serde(default)]
    printed: Vec<Printed>,
}

#[derive(Debug, Deserialize)]
struct Printed {
    kind: String,
}

impl From<RecordedStep> for Step {
    fn from(step: RecordedStep) -> Self {
        Self {
            observed: with_plain_numbers(Value::Object(step.observed)),
            signals: with_plain_numbers(Value::Array(step.signals)),
            printed: step.printed.into_iter().map(|line| line.kind).collect(),
        }
    }
}

/// The steps in `lines`. What is printed behind a probe's last step is a step of its own that observed nothing.
///
/// # Errors
/// If a step is not JSON.
pub(super) fn probes(lines: &[String]) -> Result<Probes> {
    let mut probes = Probes::new();
    let mut name = String::new();
    let mut printed = BTreeSet::new();
    for line in lines {
        if let Some(next) = line.strip_prefix(PROBE) {
            next.clone_into(&mut name);
            probes.insert(name.clone(), Vec::new());
            printed.clear();
        } else if let Some(text) = line.strip_prefix(STEP) {
            let recorded: RecordedStep = serde_json::from_str(text)
                .with_context(|| format!("a step of {name} is malformed: {text}"))?;
            let mut step = Step::from(recorded);
            step.printed = std::mem::take(&mut printed);
            probes.entry(name.clone()).or_default().push(step);
        } else if line.starts_with(END) {
            if !printed.is_empty() {
                probes.entry(name.clone()).or_default().push(Step {
                    observed: Value::Null,
                    signals: Value::Null,
                    printed: std::mem::take(&mut printed),
                });
            }
        } else if let Some(kind) = severity(line) {
            printed.insert(kind);
        }
    }
    Ok(probes)
}

/// `error`, `warning` or `script error`, if the engine prints such a line.
fn severity(line: &str) -> Option<String> {
    let word = line.split_once(": ")?.0;
    let word = word.strip_prefix("USER ").unwrap_or(word);
    ["ERROR", "WARNING", "SCRIPT ERROR"]
        .contains(&word)
        .then(|| word.to_lowercase())
}

/// `value` with every number a float, since the two sides may write a whole number as `2` or as `2.0`.
fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), Value::from),
        Value::Array(values) => values.into_iter().map(with_plain_numbers).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, with_plain_numbers(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_lines_belong_to_the_step_behind_them_and_count_once() {
        let lines = [
            "ERROR: before any probe",
            "[probe] a",
            "ERROR: one",
            "   at: somewhere",
            "USER ERROR: two",
            r#"[step] {"observed":{"value":2.0},"signals":[]}"#,
            r#"[step] {"observed":{"value":2},"signals":[]}"#,
            "WARNING: late",
            "[end]",
        ]
        .map(str::to_owned);
        let steps = &probes(&lines).unwrap()["a"];
        let printed: Vec<Vec<&str>> = steps
            .iter()
            .map(|step| step.printed.iter().map(String::as_str).collect())
            .collect();
        assert_eq!(printed, [vec!["error"], vec![], vec!["warning"]]);
        assert_eq!(steps[0].observed, steps[1].observed);
    }
}
