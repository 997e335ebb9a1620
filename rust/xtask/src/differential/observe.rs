//! Reads the steps of probes from what a process printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

const PROBE: &str = "[probe] ";
const STEP: &str = "[step] ";
const END: &str = "[end]";

/// The steps of each probe.
pub(super) type Probes = BTreeMap<String, Vec<Step>>;

/// What a step did, in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What the probe asked for, by name.
    #[serde(default = "no_values", deserialize_with = "plain")]
    pub(super) observed: Value,
    /// Signals since the step before.
    #[serde(default = "no_signals", deserialize_with = "plain")]
    pub(super) signals: Value,
    /// Severities printed since the step before; how many lines of each is not compared.
    #[serde(default)]
    pub(super) printed: BTreeSet<String>,
}

/// A step as `record.json` and the probes write it.
#[derive(Debug, Deserialize)]
pub(super) struct RecordedStep {
    #[serde(default = "no_values")]
    observed: Value,
    #[serde(default = "no_signals")]
    signals: Value,
    #[serde(default)]
    printed: Vec<Printed>,
}

#[derive(Debug, Deserialize)]
struct Printed {
    kind: String,
}

impl Step {
    /// What was printed behind the last step of a probe.
    fn end(printed: BTreeSet<String>) -> Self {
        Self {
            observed: Value::Null,
            signals: Value::Null,
            printed,
        }
    }

    /// Whether this is no step of a probe but what was printed behind its last one.
    pub(super) fn is_end(&self) -> bool {
        self.observed.is_null()
    }

    /// The step with its signals put together by the object that emitted them. With the network thread on, the order
    /// between objects says nothing; that of each does.
    pub(super) fn by_emitter(mut self) -> Self {
        if let Value::Array(signals) = &mut self.signals {
            signals.sort_by_key(|signal| signal["on"].as_str().map(str::to_owned));
        }
        self
    }
}

/// As `differences.json` has it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<RecordedStep> for Step {
    fn from(step: RecordedStep) -> Self {
        Self {
            observed: with_plain_numbers(step.observed),
            signals: with_plain_numbers(step.signals),
            printed: step.printed.into_iter().map(|line| line.kind).collect(),
        }
    }
}

fn no_values() -> Value {
    Value::Object(Map::new())
}

fn no_signals() -> Value {
    Value::Array(Vec::new())
}

fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Value::deserialize(deserializer).map(with_plain_numbers)
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
                let end = Step::end(std::mem::take(&mut printed));
                probes.entry(name.clone()).or_default().push(end);
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

/// `value` with whole numbers as integers, since the two sides may write one as `2` or as `2.0`.
fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            // Exact up to here.
            Some(float) if float.fract() == 0.0 && float.abs() < 2_f64.powi(53) =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
                Value::from(float as i64)
            }
            _ => Value::Number(number),
        },
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
    use serde_json::json;

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
        assert!(steps[2].is_end() && !steps[1].is_end());
    }

    #[test]
    fn signals_are_put_together_by_their_emitter_in_the_order_of_each() {
        let step: Step = serde_json::from_value(json!({
            "signals": [{"on": "server", "id": 2}, {"on": "client", "id": 1}, {"on": "server", "id": 1}],
        }))
        .unwrap();
        assert_eq!(
            step.by_emitter().signals,
            json!([{"on": "client", "id": 1}, {"on": "server", "id": 2}, {"on": "server", "id": 1}])
        );
    }

    #[test]
    fn a_step_is_shown_in_the_form_in_which_it_is_read() {
        let text = r#"{"observed":{"value":2},"signals":[],"printed":["error"]}"#;
        let step: Step = serde_json::from_str(text).unwrap();
        assert_eq!(step.to_string(), text);
    }
}
