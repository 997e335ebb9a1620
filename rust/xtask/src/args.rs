//! The little that commands share about their arguments.

use anyhow::{Error, Result, anyhow};

/// Whether the arguments before a `--` ask for help.
pub(crate) fn asks_for_help(args: &[String]) -> bool {
    args.iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--help" || arg == "-h")
}

/// The error for an argument that `command` does not know.
pub(crate) fn unknown(command: &str, arg: &str) -> Error {
    anyhow!("{command} does not know the argument {arg:?}; see cargo xtask {command} --help")
}

/// Accepts no arguments at all.
///
/// # Errors
/// If there is one.
pub(crate) fn none(command: &str, args: &[String]) -> Result<()> {
    args.first()
        .map_or(Ok(()), |arg| Err(unknown(command, arg)))
}

/// A command line in its words, for tests.
#[cfg(test)]
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_after_the_double_dash_belongs_to_the_program_called() {
        assert!(asks_for_help(&words("--quick -h")));
        assert!(!asks_for_help(&words("-- --help")));
    }
}
