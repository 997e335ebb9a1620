//! Whether a run of Godot was good.

use super::{Exit, Run};

/// What a good run of Godot looks like, beside exit code 0 or an end that it asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected<'a> {
    /// A line that must be there, by its beginning: proof that the script got to its end.
    pub(crate) status_line: Option<&'a str>,
    /// Parts of `ERROR:` lines that this run is known to print.
    pub(crate) allowed_errors: &'a [&'a str],
}

impl Run {
    /// Everything that is wrong with this run of Godot; empty if nothing is.
    ///
    /// Godot's exit code alone proves little: it is 0 also if scripts fail to parse or the extension fails to load.
    pub(crate) fn problems(&self, expected: Expected<'_>) -> Vec<String> {
        let mut problems = Vec::new();
        if !matches!(self.exit, Exit::Code(0) | Exit::OnRequest) {
            problems.push(self.exit.to_string());
        }
        if let Some(status) = expected.status_line
            && !self.lines.iter().any(|line| line.starts_with(status))
        {
            problems.push(format!("no line that begins with {status:?}"));
        }
        problems.extend(
            self.lines
                .iter()
                .filter(|line| is_bad(line, expected.allowed_errors))
                .cloned(),
        );
        problems
    }

    /// Prints all lines behind the process's name.
    pub(crate) fn print(&self) {
        for line in &self.lines {
            println!("{:>9} | {line}", self.name);
        }
    }
}

/// Whether Godot says with this line that something went wrong.
fn is_bad(line: &str, allowed: &[&str]) -> bool {
    const LEAKS: [&str; 3] = [
        "ObjectDB instances leaked",
        "resources still in use",
        "RID allocations of type",
    ];
    const ALWAYS: [&str; 3] = ["SCRIPT ERROR:", "Parse Error:", "panicked at"];
    if LEAKS.iter().chain(&ALWAYS).any(|text| line.contains(text)) {
        return true;
    }
    let is_error = ["ERROR:", "USER ERROR:"]
        .iter()
        .any(|start| line.trim_start().starts_with(start));
    is_error && !allowed.iter().any(|text| line.contains(text))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(lines: &[&str], exit: Exit) -> Run {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Run {
            name: "test".into(),
            lines,
            exit,
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn a_run_is_good_only_with_its_status_line_and_exit_code_0() {
        let expected = Expected {
            status_line: Some("TESTS PASSED"),
            ..Expected::default()
        };
        assert!(
            run(&["Godot Engine", "TESTS PASSED: 3"], Exit::Code(0))
                .problems(expected)
                .is_empty()
        );
        assert_eq!(
            run(&["TESTS PASSED"], Exit::Code(1)).problems(expected),
            ["exit code 1"]
        );
        assert_eq!(
            run(&["TESTS PASSED"], Exit::Deadline)
                .problems(expected)
                .len(),
            1
        );
        assert_eq!(
            run(&["not TESTS PASSED"], Exit::Code(0))
                .problems(expected)
                .len(),
            1
        );
    }

    #[test]
    fn errors_and_leaks_are_found_and_only_plain_errors_can_be_allowed() {
        let allowed = [
            "Couldn't create an ENet host",
            "leaked",
            "Nonexistent function",
        ];
        let expected = Expected {
            allowed_errors: &allowed,
            ..Expected::default()
        };
        for good in [
            "ERROR: Couldn't create an ENet host.",
            "   at: create_server (modules/enet/enet_multiplayer_peer.cpp:68)",
            "WARNING: nothing to worry about",
            "the word ERROR: inside a line",
        ] {
            assert!(
                run(&[good], Exit::Code(0)).problems(expected).is_empty(),
                "{good}"
            );
        }
        for bad in [
            "ERROR: Another one.",
            "USER ERROR: pushed by a script",
            "SCRIPT ERROR: Invalid call. Nonexistent function 'x' in base 'Nil'.",
            "SCRIPT ERROR: Parse Error: Identifier \"x\" not declared.",
            "WARNING: ObjectDB instances leaked at exit (run with `--verbose` for details).",
            "ERROR: 2 resources still in use at exit (run with --verbose for details).",
            "ERROR: 1 RID allocations of type 'N10RendererRD' were leaked at exit.",
            "thread 'main' panicked at rust/enet-godot/src/lib.rs:1:1:",
        ] {
            assert_eq!(run(&[bad], Exit::Code(0)).problems(expected), [bad]);
        }
    }
}
