//! `record.json`: what the engine's own classes did, once, and which script has each of its probes.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::observe::{RecordedStep, Step};
use super::{folder, read_json};

/// The part of `record.json` that is used.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    scenarios: Vec<Scenario>,
}

#[derive(Debug, Deserialize)]
struct Scenario {
    name: String,
    /// What it takes to run it, in words.
    #[serde(default)]
    needs: Vec<String>,
    steps: Vec<RecordedStep>,
}

/// A probe as recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) steps: Vec<Step>,
    /// Whether it is mostly a wait of many seconds.
    long: bool,
    /// Whether it takes down the addresses of its machine.
    private_network: bool,
}

/// A file of probes, and those of its probes that were chosen.
#[derive(Debug)]
pub(super) struct ProbeFile {
    /// Without its ending.
    pub(super) name: String,
    pub(super) probes: Vec<String>,
    /// Whether its processes have to have a network of their own.
    pub(super) private_network: bool,
}

impl ProbeFile {
    /// Whether `probe` is one of its chosen probes.
    pub(super) fn has(&self, probe: &str) -> bool {
        self.probes.iter().any(|name| name == probe)
    }
}

/// All that was recorded, by name.
pub(super) fn load() -> Result<BTreeMap<String, Recorded>> {
    let record: Record = read_json("record.json")?;
    let recorded = record.scenarios.into_iter().map(|scenario| {
        let needs = |text| scenario.needs.iter().any(|need| need.contains(text));
        let recorded = Recorded {
            long: needs("about "),
            private_network: needs("private network"),
            steps: scenario.steps.into_iter().map(Step::from).collect(),
        };
        (scenario.name, recorded)
    });
    Ok(recorded.collect())
}

/// The scripts, each with its probes of `recorded` whose names contain `only`, and those that are mostly a wait first.
pub(super) fn files(recorded: &BTreeMap<String, Recorded>, only: &str) -> Result<Vec<ProbeFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder().join("probes")).context("cannot list the probes")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "gd") {
            continue;
        }
        let probes: Vec<String> = fs::read_to_string(&path)?
            .lines()
            .filter_map(|line| Some(line.strip_prefix("func ")?.split_once('(')?.0))
            .filter(|name| name.contains(only) && recorded.contains_key(*name))
            .map(str::to_owned)
            .collect();
        if let Some(stem) = path.file_stem()
            && !probes.is_empty()
        {
            files.push(ProbeFile {
                name: stem.to_string_lossy().into_owned(),
                private_network: probes.iter().any(|name| recorded[name].private_network),
                probes,
            });
        }
    }
    let is_long = |file: &ProbeFile| file.probes.iter().any(|name| recorded[name].long);
    files.sort_by_cached_key(|file| (!is_long(file), file.name.clone()));
    Ok(files)
}
