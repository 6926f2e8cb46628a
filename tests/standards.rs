//! Tests that STANDARDS.md, SECURITY.md and the tests are consistent: each row and each promise names existing tests, and each
//! cited rule has a row.

#![cfg(test)] // clippy then treats the helpers as test code

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PAGE: &str = include_str!("STANDARDS.md");
const PROMISES: &str = include_str!("../SECURITY.md");
const NOT_HELD: &str = "## Not held yet";
const FAMILIES: [&str; 19] = [
    "HTTP", "BEARER", "BASIC", "JWT", "JWKS", "AT", "PROB", "STEP", "DPOP", "INTRO", "META", "COOKIE", "SESS", "CSRF",
    "PWD", "BRUTE", "NIST", "IP", "LOG",
];

/// The family of a rule, and its number in the family.
type Rule = (&'static str, u32);

/// Returns the rules that the text cites, including those within a range of the form `… to …`.
fn cited(text: &str) -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    let mut last: Option<(Rule, usize)> = None;
    for (start, _) in text.match_indices(|character: char| character.is_ascii_uppercase()) {
        let joined = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if text[..start].ends_with(joined) {
            continue;
        }
        let length = text[start..].bytes().take_while(u8::is_ascii_uppercase).count();
        let Some(family) = FAMILIES.into_iter().find(|family| *family == &text[start..start + length]) else {
            continue;
        };
        let Some(rest) = text[start + length..].strip_prefix('-') else { continue };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = rest[..digits].parse::<u32>() else { continue };
        if rest[digits..].starts_with(joined) {
            continue;
        }
        match last {
            Some(((before, from), end)) if before == family && &text[end..start] == " to " => {
                rules.extend((from..number).map(|between| (family, between)));
            }
            _ => {}
        }
        rules.insert((family, number));
        last = Some(((family, number), start + length + 1 + digits));
    }
    rules
}

/// A row of the tables: its rule, and the files that it names, each with functions in it.
struct Row {
    rule: Rule,
    tests: Vec<(&'static str, Vec<&'static str>)>,
}

fn rows() -> Vec<Row> {
    let (tables, _) = PAGE.split_once(NOT_HELD).unwrap();
    let lines =
        tables.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule ") && !line.contains("---"));
    let row = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [rule, _, held_by] = cells.as_slice() else { panic!("not three cells: {line}") };
        let found: Vec<_> = cited(rule).into_iter().collect();
        let [(family, number)] = found.as_slice() else { panic!("not one rule: {line}") };
        assert_eq!(format!("{family}-{number}"), *rule, "{line}");
        let mut tests: Vec<(&str, Vec<&str>)> = Vec::new();
        for name in held_by.split('`').skip(1).step_by(2) {
            match tests.last_mut() {
                _ if name.contains('/') => tests.push((name, Vec::new())),
                Some((_, functions)) => functions.push(name),
                None => panic!("a function without its file: {line}"),
            }
        }
        Row { rule: (family, *number), tests }
    };
    lines.map(row).collect()
}

/// Returns the rules in the final section, and whether each of them is only partially untested.
fn not_held() -> BTreeMap<Rule, bool> {
    let (_, end) = PAGE.split_once(NOT_HELD).unwrap();
    let mut rules = BTreeMap::new();
    for line in end.lines().filter(|line| line.starts_with("- ")) {
        let (names, why) = line.split_once(": ").unwrap_or_else(|| panic!("without a reason: {line}"));
        let found = cited(names);
        assert!(!found.is_empty() && !why.is_empty(), "{line}");
        for rule in found {
            assert!(rules.insert(rule, names.ends_with(", in part")).is_none(), "{rule:?} is listed twice at the end");
        }
    }
    rules
}

#[test]
fn each_row_names_existing_tests() {
    let mut wrong = Vec::new();
    for Row { rule, tests } in rows() {
        if tests.is_empty() {
            wrong.push(format!("{rule:?} has no test"));
        }
        for (file, functions) in tests {
            let Ok(text) = fs::read_to_string(Path::new(ROOT).join(file)) else {
                wrong.push(format!("{rule:?}: {file} does not exist"));
                continue;
            };
            if functions.is_empty() && !(file.starts_with("tests/ui/fail/") && file.ends_with(".rs")) {
                wrong.push(format!("{rule:?}: {file} without a function"));
            }
            let missing = functions.iter().filter(|name| !text.contains(&format!("fn {name}(")));
            wrong.extend(missing.map(|name| format!("{rule:?}: no {name} in {file}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_rule_has_at_most_one_row() {
    let (mut seen, not_held) = (BTreeSet::new(), not_held());
    for Row { rule, .. } in rows() {
        assert!(seen.insert(rule), "{rule:?} has two rows");
        assert!(not_held.get(&rule) != Some(&false), "{rule:?} is held and is not");
    }
    assert!(not_held.iter().all(|(rule, in_part)| !in_part || seen.contains(rule)), "in part, and without a row");
}

/// Returns Rust sources, and the JSON tables of tokens, which name the rules of each token.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && !entry.ends_with("target") {
            found.extend(files(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "rs" || ending == "json") {
            found.push(entry);
        }
    }
    found
}

#[test]
fn each_cited_rule_is_listed() {
    let known: BTreeSet<_> = rows().iter().map(|row| row.rule).chain(not_held().into_keys()).collect();
    let mut all = BTreeSet::new();
    for file in ["tests", "auth-core/src"].iter().flat_map(|folder| files(&Path::new(ROOT).join(folder))) {
        let rules = cited(&fs::read_to_string(&file).unwrap());
        let unknown: Vec<_> = rules.difference(&known).collect();
        assert!(unknown.is_empty(), "{} cites {unknown:?}", file.display());
        all.extend(rules);
    }
    assert!(all.len() > 80, "{} rules are cited", all.len());
}

#[test]
fn each_promise_names_existing_tests() {
    let (promises, _) = PROMISES.split_once("\n## Limits").unwrap();
    let mut wrong = Vec::new();
    let promises: Vec<_> = promises.split("\n- **").skip(1).collect();
    for promise in &promises {
        let (number, text) = promise.split_once(".**").unwrap();
        let tests: Vec<_> =
            text.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split_once(".rs: ")).collect();
        if tests.is_empty() {
            wrong.push(format!("{number} has no test"));
        }
        for (file, function) in tests {
            let text = fs::read_to_string(Path::new(ROOT).join(format!("{file}.rs"))).unwrap_or_default();
            if !text.contains(&format!("fn {function}(")) {
                wrong.push(format!("{number}: no {function} in {file}.rs"));
            }
        }
    }
    assert!(promises.len() > 50 && wrong.is_empty(), "{} promises: {wrong:#?}", promises.len());
}
