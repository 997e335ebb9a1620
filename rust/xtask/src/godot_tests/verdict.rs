//! Judges what a process of Godot printed.
//!
//! A scenario marks on standard error where an error line is required or allowed; see
//! `godot-project/tests/support/scenario.gd`. The engine prints errors on the same stream, so their order tells which
//! error belongs to which mark.

use crate::process::{Expected, Run};

/// Between this mark and the end at least one error line is required.
const ERRORS_EXPECTED: &str = "[errors expected] ";
/// Between this mark and the end there may be any number of error lines.
const ERRORS_ALLOWED: &str = "[errors allowed] ";
/// The end of both.
const ERRORS_OVER: &str = "[errors over]";

/// The last line of a scenario, or the last but one if it then asks to be killed: `TESTS 12 passed, 0 failed`.
const STATUS: &str = "TESTS ";

/// Everything that is wrong with the processes of a case, each behind the name of its process.
///
/// - `allowed_errors`: parts of `ERROR:` lines that may be anywhere.
pub(super) fn problems(runs: &[Run], allowed_errors: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for run in runs {
        let (lines, mut problems) = without_expected_errors(&run.lines);
        problems.extend(
            lines
                .iter()
                .filter(|line| line.starts_with("FAIL "))
                .cloned(),
        );
        let judged = Run {
            name: run.name.clone(),
            lines,
            exit: run.exit,
            duration: run.duration,
        };
        problems.extend(judged.problems(Expected {
            status_line: Some(STATUS),
            allowed_errors,
        }));
        if passed_checks(run) == Some(0) {
            problems.push("nothing was checked".to_owned());
        }
        all.extend(
            problems
                .into_iter()
                .map(|problem| format!("{}: {problem}", run.name)),
        );
    }
    all
}

/// The number of checks that passed, if the process got as far as to tell.
pub(super) fn passed_checks(run: &Run) -> Option<u32> {
    let status = run
        .lines
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix(STATUS))?;
    status.split_whitespace().next()?.parse().ok()
}

/// `lines` without the error lines that marks ask for or allow, and what is wrong with the marks.
fn without_expected_errors(lines: &[String]) -> (Vec<String>, Vec<String>) {
    enum Mark<'a> {
        None,
        Allowed,
        /// The text of the mark, and whether an error has come.
        Expected(&'a str, bool),
    }
    let mut mark = Mark::None;
    let mut kept = Vec::new();
    let mut problems = Vec::new();
    for line in lines {
        if let Some(what) = line.strip_prefix(ERRORS_EXPECTED) {
            mark = Mark::Expected(what, false);
        } else if line.starts_with(ERRORS_ALLOWED) {
            mark = Mark::Allowed;
        } else if line.starts_with(ERRORS_OVER) {
            if let Mark::Expected(what, false) = mark {
                problems.push(format!("no error line was printed: {what}"));
            }
            mark = Mark::None;
        } else if is_plain_error(line) {
            match &mut mark {
                Mark::None => kept.push(line.clone()),
                Mark::Allowed => {}
                Mark::Expected(_, has_come) => *has_come = true,
            }
        } else {
            kept.push(line.clone());
        }
    }
    (kept, problems)
}

/// Whether this is an error that a class can print in the course of its duty. A panic is none, wherever it happens.
fn is_plain_error(line: &str) -> bool {
    line.starts_with("ERROR: ") && !line.contains("panic")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::Exit;

    fn judged(lines: &[&str]) -> Vec<String> {
        let run = Run {
            name: "server".to_owned(),
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            exit: Exit::Code(0),
            duration: Duration::ZERO,
        };
        problems(&[run], &["known noise"])
    }

    #[test]
    fn an_error_is_required_between_its_marks_and_forbidden_outside() {
        let good = [
            "[errors expected] get_peer",
            "ERROR: no such peer",
            "[errors over]",
            "TESTS 1 passed, 0 failed",
        ];
        assert!(judged(&good).is_empty());
        let silent = [
            "[errors expected] get_peer",
            "[errors over]",
            "TESTS 1 passed, 0 failed",
        ];
        assert_eq!(
            judged(&silent),
            ["server: no error line was printed: get_peer"]
        );
        let late = [
            "[errors allowed] get_peer",
            "[errors over]",
            "ERROR: no such peer",
            "TESTS 1 passed, 0 failed",
        ];
        assert_eq!(judged(&late), ["server: ERROR: no such peer"]);
        assert!(judged(&["ERROR: some known noise", "TESTS 1 passed, 0 failed"]).is_empty());
    }

    #[test]
    fn marks_excuse_neither_script_errors_nor_panics() {
        for line in ["SCRIPT ERROR: no such method", "ERROR: [panic lib.rs:1] oh"] {
            let lines = [
                "[errors allowed] all",
                line,
                "[errors over]",
                "TESTS 1 passed, 0 failed",
            ];
            assert_eq!(judged(&lines), [format!("server: {line}")]);
        }
    }

    #[test]
    fn a_run_that_checks_nothing_or_does_not_end_is_a_failure() {
        assert_eq!(
            judged(&["TESTS 0 passed, 0 failed"]),
            ["server: nothing was checked"]
        );
        assert_eq!(
            judged(&["ok one"]),
            ["server: no line that begins with \"TESTS \""]
        );
        assert_eq!(
            judged(&["FAIL two: it did not", "TESTS 1 passed, 1 failed"]),
            ["server: FAIL two: it did not"]
        );
    }
}
