//! The page: a table of all lines, what was tried where a mark is missed, and how it was measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::machine::Machine;
use crate::plots;
use crate::row::{Line, Mark};
use crate::rows::ROWS;
use crate::stats::Summary;

/// The hand-written part: a head with the method, then a section for each row that has something to say, under its name.
const NOTES: &str = include_str!("../notes.md");

/// One line for the terminal.
pub(crate) fn summary(line: &Line) -> String {
    let baseline = line.baseline.map_or_else(String::new, |baseline| {
        format!("{} {}, ", line.beside, with_range(baseline))
    });
    let ratio = line
        .ratio()
        .map_or_else(String::new, |ratio| format!(" ({ratio:.2} of it)"));
    let mut text = format!("{}: {baseline}ours {}", line.work, with_range(line.ours));
    text += &format!(" {}{ratio}", line.unit);
    match line.is_met() {
        Some(true) => text += ", met",
        Some(false) => text += ", MISSED",
        None => {}
    }
    text
}

/// Looks over the notes, so that hours of measuring do not end with an error in them.
///
/// # Errors
/// If they have a section for a row that does not exist.
pub(crate) fn check_notes() -> Result<()> {
    Notes::parse(NOTES).check()
}

/// Writes `performance.md` into the folder `out`.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(out: &Path, lines: &[Line], quick: bool) -> Result<()> {
    let path = out.join("performance.md");
    let text = page(lines, NOTES, &Machine::read(), quick);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn page(lines: &[Line], notes: &str, machine: &Machine, quick: bool) -> String {
    let notes = Notes::parse(notes);
    let mut text = String::from("# Performance\n\n");
    if quick {
        text += "**Made with `--quick`: too few rounds for numbers to keep, or to judge by a mark.**\n\n";
    }
    text += notes.head;
    let met = lines
        .iter()
        .filter(|line| line.is_met() == Some(true))
        .count();
    let marked = lines.iter().filter(|line| line.is_met().is_some()).count();
    text += &format!(
        "\n\n## Table\n\nMeasured on {} with `cargo xtask bench`: {}.",
        machine.date, machine.description
    );
    if marked > 0 {
        text += &format!(" {met} of {marked} marks are met.");
    }
    text += "\n\n";
    text += "| row | work | baseline | ours | ratio | mark | |\n| --- | --- | ---: | ---: | ---: | --- | --- |\n";
    let mut last = "";
    for line in lines {
        // A row of several lines is named once.
        let row = if line.row == last { "" } else { line.row };
        last = line.row;
        text += &table_line(row, line);
    }
    for picture in plots::of(lines) {
        text += &format!("\n![{}]({})\n", picture.what, picture.file);
    }
    for (name, section) in &notes.sections {
        if lines.iter().any(|line| line.row == *name) {
            text += &format!("\n## {name}\n\n{section}\n");
        }
    }
    text
}

fn table_line(row: &str, line: &Line) -> String {
    let unit = if line.unit.is_empty() { "" } else { " " };
    let shown = |summary: Summary| format!("{}{unit}{}", with_range(summary), line.unit);
    let baseline = line.baseline.map_or_else(
        || "–".to_owned(),
        |baseline| format!("{}: {}", line.beside, shown(baseline)),
    );
    let ratio = line
        .ratio()
        .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
    let mark = match line.mark {
        Mark::Ratio(limit) => format!("at most {limit} of it"),
        Mark::AtMost(limit) => format!("at most {limit}{unit}{}", line.unit),
        Mark::AtLeast(limit) => format!("at least {limit}{unit}{}", line.unit),
        Mark::Shown => "–".to_owned(),
    };
    let verdict = match line.is_met() {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    format!(
        "| {row} | {} | {baseline} | {} | {ratio} | {mark} | {verdict} |\n",
        line.work,
        shown(line.ours)
    )
}

/// The median, and the range in brackets where there is one.
fn with_range(summary: Summary) -> String {
    let [least, greatest] = summary.range;
    let median = number(summary.median);
    if least < greatest {
        format!("{median} ({}–{})", number(least), number(greatest))
    } else {
        median
    }
}

/// Three digits that say something.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.1 => format!("{value:.4}"),
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// `notes.md` in its parts.
struct Notes<'a> {
    head: &'a str,
    sections: BTreeMap<&'a str, &'a str>,
}

impl<'a> Notes<'a> {
    fn parse(text: &'a str) -> Self {
        const METHOD: &str = "\n## Method\n";
        // The first section behind the method, if there is a method, ends the head.
        let from = text.find(METHOD).map_or(0, |start| start + METHOD.len());
        let end = text[from..]
            .find("\n## ")
            .map_or(text.len(), |length| from + length);
        let head = text[..end].trim();
        let sections = text[end..]
            .split("\n## ")
            .filter_map(|part| part.split_once('\n'))
            .map(|(name, section)| (name.trim(), section.trim()))
            .collect();
        Self { head, sections }
    }

    /// Each section is that of a row.
    fn check(&self) -> Result<()> {
        for name in self.sections.keys() {
            ensure!(
                ROWS.iter().any(|row| row.name == *name),
                "notes.md has a section {name:?}, but no row has that name"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(row: &'static str, baseline: Option<f64>, ours: f64, mark: Mark) -> Line {
        let summary = |value: f64| Summary::of(&[value]);
        Line {
            row,
            work: "some work".to_owned(),
            unit: "µs",
            beside: "C ENet",
            baseline: baseline.map(summary),
            ours: summary(ours),
            mark,
        }
    }

    fn machine() -> Machine {
        Machine {
            date: "2026-01-02".to_owned(),
            description: "4 cores".to_owned(),
        }
    }

    #[test]
    fn lines_show_both_sides_the_ratio_the_mark_and_whether_it_is_met() {
        let lines = [
            line("bulk", Some(200.0), 50.0, Mark::Ratio(0.5)),
            line("bulk", Some(200.0), 150.0, Mark::Ratio(0.5)),
            line("idle", None, 0.05, Mark::AtMost(0.2)),
            line("path", Some(0.6), 7.0, Mark::AtLeast(8.0)),
            line("path", None, 1.0, Mark::Shown),
        ];
        let text = page(&lines, "Head.", &machine(), false);
        for expected in [
            "Head.\n\n## Table\n",
            "2026-01-02 with `cargo xtask bench`: 4 cores. 2 of 4 marks are met.",
            "| bulk | some work | C ENet: 200 µs | 50.0 µs | 0.25 | at most 0.5 of it | met |\n",
            "|  | some work | C ENet: 200 µs | 150 µs | 0.75 | at most 0.5 of it | **missed** |\n",
            "| idle | some work | – | 0.0500 µs | – | at most 0.2 µs | met |\n",
            "| path | some work | C ENet: 0.600 µs | 7.00 µs | 11.67 | at least 8 µs | **missed** |\n",
            "|  | some work | – | 1.00 µs | – | – |  |\n",
        ] {
            assert!(text.contains(expected), "{expected}\nin\n{text}");
        }
    }

    #[test]
    fn spreads_are_shown_where_there_are_any() {
        let summary = Summary::of(&[1.0, 2.0, 30.0]);
        assert_eq!(with_range(summary), "2.00 (1.00–30.0)");
        assert_eq!(with_range(Summary::of(&[1234.5])), "1234");
    }

    #[test]
    fn what_is_not_judged_has_no_mark_and_no_verdict() {
        let line = line("bulk", Some(200.0), 150.0, Mark::Ratio(0.5)).unjudged();
        assert!(!summary(&line).contains("MISSED"), "{}", summary(&line));
        let text = page(&[line], "Head.", &machine(), true);
        for word in ["marks are met", "missed", "at most"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }

    #[test]
    fn notes_stand_behind_the_table_with_the_sections_of_the_rows_that_are_there() {
        let lines = [line("bulk", None, 1.0, Mark::Shown)];
        let notes =
            "Head.\n\n## Method\n\nBy hand.\n\n## bulk\n\nTried much.\n\n## idle\n\nTried more.\n";
        let text = page(&lines, notes, &machine(), false);
        assert!(
            text.contains("Head.\n\n## Method\n\nBy hand.\n\n## Table\n"),
            "{text}"
        );
        assert!(text.ends_with("\n## bulk\n\nTried much.\n"), "{text}");
    }

    #[test]
    fn a_section_of_the_notes_that_no_row_is_named_like_is_an_error() {
        check_notes().unwrap();
        Notes::parse("Head.\n\n## bulk\n\nTried.").check().unwrap();
        let error = Notes::parse("Head.\n\n## bukl\n\nTried.")
            .check()
            .unwrap_err();
        assert!(error.to_string().contains("\"bukl\""), "{error}");
    }

    #[test]
    fn only_pictures_of_rows_that_are_there_are_shown() {
        let shown = |row| {
            page(
                &[line(row, None, 1.0, Mark::Shown)],
                "Head.",
                &machine(),
                false,
            )
        };
        assert!(!shown("bulk").contains(".svg"));
        let text = shown("latency");
        assert!(text.contains("(performance-latency.svg)"), "{text}");
        assert!(!text.contains("throughput"), "{text}");
    }
}
