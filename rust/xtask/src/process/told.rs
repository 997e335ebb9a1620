//! What a process tells about itself, as lines of JSON behind a mark.

use serde::de::DeserializeOwned;

use super::Run;

impl Run {
    /// What it told behind `mark`, in order. Lines that make no sense are passed over: who needs one finds none.
    pub(crate) fn told<T: DeserializeOwned>(&self, mark: &str) -> impl Iterator<Item = T> {
        let texts = self
            .lines
            .iter()
            .filter_map(move |line| line.strip_prefix(mark));
        texts.filter_map(|text| serde_json::from_str(text).ok())
    }
}

/// Names and values, one of each a line.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<(String, String)>);

impl Rows {
    pub(crate) fn add(&mut self, name: impl Into<String>, value: impl ToString) {
        self.0.push((name.into(), value.to_string()));
    }
}

impl std::fmt::Display for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|(name, value)| writeln!(f, "  {name:<36} {value}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::Exit;

    #[test]
    fn lines_behind_the_mark_are_read_and_others_are_not() {
        let run = Run {
            name: "x".to_owned(),
            lines: ["A [1,2]", "B [3]", "A oh", "A [4]"]
                .map(str::to_owned)
                .into(),
            exit: Exit::Code(0),
            duration: Duration::ZERO,
        };
        let told: Vec<Vec<u8>> = run.told("A ").collect();
        assert_eq!(told, [vec![1, 2], vec![4]]);
    }
}
