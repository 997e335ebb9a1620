//! The table of weaknesses in SECURITY.md names tests that exist, and has all that play an attack on vanilla.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::workspace;

const PAGE: &str = "SECURITY.md";
/// Where the attacks are that must do harm to vanilla.
const ATTACKS: &str = "rust/interop/tests/wire/weaknesses.rs";
/// Where what is different from the engine's own classes is listed, with the defect and the probe.
const DIFFERENCES: &str = "godot-project/tests/differential/differences.json";

/// The weaknesses of ENet itself, and the defects of the built-in classes that others can use.
fn numbers() -> Vec<String> {
    let of_enet = (1..=14).map(|number| format!("11.{number}"));
    let of_godot = ["D02", "D03", "D04", "D05", "D10", "D11"].map(str::to_owned);
    of_enet.chain(of_godot).collect()
}

/// A row of the table: the number of the weakness, and the tests.
fn rows(page: &str) -> Vec<(String, Vec<String>)> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (number, _) = (cells.next()?, cells.next()?);
        let tests = cells.next()?.split('`').skip(1).step_by(2);
        let tests: Vec<String> = tests.map(str::to_owned).collect();
        numbers()
            .contains(&number.to_owned())
            .then(|| (number.to_owned(), tests))
    };
    page.lines().filter_map(row).collect()
}

/// The names of all tests: functions of Rust, probes, and scenarios by their file.
fn names() -> BTreeSet<String> {
    let root = workspace::root();
    let folders = ["rust", "godot-project/tests"];
    let files = folders.map(|folder| workspace::sources(&root.join(folder)));
    let mut names = BTreeSet::new();
    for path in files.iter().flatten() {
        if path.parent().is_some_and(|it| it.ends_with("scenarios")) {
            names.extend(path.file_stem().map(|it| it.to_string_lossy().into_owned()));
        }
        names.extend(functions(&fs::read_to_string(path).unwrap()));
    }
    names
}

/// The private functions of `text`, a source in Rust or GDScript.
fn functions(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let declared = line.strip_prefix("fn ").or(line.strip_prefix("func "))?;
        Some(declared.split_once('(')?.0.to_owned())
    })
}

#[test]
fn every_weakness_has_its_row_and_every_test_in_it_exists() {
    let page = fs::read_to_string(workspace::root().join(PAGE)).unwrap();
    let rows = rows(&page);
    let found: Vec<&String> = rows.iter().map(|(number, _)| number).collect();
    assert_eq!(found, numbers().iter().collect::<Vec<_>>());
    let names = names();
    for (number, tests) in &rows {
        assert!(!tests.is_empty(), "{number} has no test");
        for test in tests {
            assert!(names.contains(test), "{number}: there is no test {test}");
            let ending = number.replace('.', "_");
            let is_of_enet = number.starts_with("11.");
            assert!(
                !is_of_enet || test.ends_with(&format!("_{ending}")),
                "{number}: {test}"
            );
        }
    }
}

#[test]
fn every_row_has_a_test_that_shows_what_vanilla_does() {
    let root = workspace::root();
    let read = |path: &str| fs::read_to_string(root.join(Path::new(path))).unwrap();
    let rows = rows(&read(PAGE));
    let attacks: BTreeSet<String> = functions(&read(ATTACKS))
        .filter(|name| name.contains("_11_"))
        .collect();
    let listed: BTreeSet<String> = rows.iter().flat_map(|(_, tests)| tests.clone()).collect();
    let unlisted: Vec<&String> = attacks.difference(&listed).collect();
    assert!(unlisted.is_empty(), "{PAGE} lacks {unlisted:?}");
    let differences = read(DIFFERENCES);
    for (number, tests) in &rows {
        let is_shown = tests.iter().any(|test| {
            let of_built_in = |line: &str| {
                line.contains(&format!("\"{test}\"")) && line.contains(&format!("\"{number}: "))
            };
            attacks.contains(test) || differences.lines().any(of_built_in)
        });
        assert!(is_shown, "{number}: vanilla is nowhere seen to fail");
    }
}

#[test]
fn rows_are_told_from_all_other_lines() {
    let page = "| 11.1 | a | `one`, `two` |\n| 11.15 | b | `no` |\n| D02 | c | none |\n11.2 `no`";
    let two = ["one", "two"].map(str::to_owned).to_vec();
    let expected = [("11.1".to_owned(), two), ("D02".to_owned(), Vec::new())];
    assert_eq!(rows(page), expected);
}
