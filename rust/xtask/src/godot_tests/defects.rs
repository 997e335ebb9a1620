//! Every defect that the migration page calls gone has a test with its number.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::workspace;

const PAGE: &str = "docs/migrating.md";
/// The section whose table is read.
const SECTION: &str = "## Defects that are gone";

/// The numbers in the first column of the section's table.
fn numbers_of_page(page: &str) -> BTreeSet<String> {
    page.lines()
        .skip_while(|line| *line != SECTION)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(number, _)| number.to_owned())
        .filter(|number| is_number(number))
        .collect()
}

/// The numbers in what scenarios say of a check, and at the end of the names of tests in Rust.
fn numbers_of_tests(file: &Path, text: &str) -> Vec<String> {
    let is_scenario = file.extension().is_some_and(|extension| extension == "gd");
    text.lines()
        .flat_map(|line| {
            let words: Vec<&str> = if is_scenario {
                // Only what stands in a string is printed.
                line.split('"')
                    .skip(1)
                    .step_by(2)
                    .flat_map(|text| text.split(|char: char| !char.is_ascii_alphanumeric()))
                    .collect()
            } else {
                let name = line.trim_start().strip_prefix("fn ");
                name.and_then(|name| name.split_once('(')?.0.rsplit('_').next())
                    .into_iter()
                    .collect()
            };
            words
        })
        .map(str::to_ascii_uppercase)
        .filter(|word| is_number(word))
        .collect()
}

fn is_number(text: &str) -> bool {
    text.len() == 3 && text.starts_with('D') && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn every_defect_that_is_gone_has_a_test_with_its_number() {
    let root = workspace::root();
    let gone = numbers_of_page(&fs::read_to_string(root.join(PAGE)).unwrap());
    assert!(gone.len() > 10, "{PAGE} lists only {gone:?}");
    let tested: BTreeSet<String> = ["godot-project/tests/scenarios", "rust"]
        .iter()
        .flat_map(|folder| workspace::sources(&root.join(folder)))
        .flat_map(|file| numbers_of_tests(&file, &fs::read_to_string(&file).unwrap()))
        .collect();
    let untested: Vec<&String> = gone.difference(&tested).collect();
    assert!(untested.is_empty(), "no test names {untested:?}");
}

#[test]
fn numbers_are_read_where_they_are_shown_and_nowhere_else() {
    let scenario = "check(true, \"defect D01: it holds\") # D02\nvar x: int = D04";
    assert_eq!(numbers_of_tests(Path::new("a.gd"), scenario), ["D01"]);
    let test = "    fn it_holds_d05(threaded: bool) {\n// fn it_holds_d06()\nfn d07_it_holds() {}";
    assert_eq!(numbers_of_tests(Path::new("a.rs"), test), ["D05"]);
}
