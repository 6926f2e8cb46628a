//! Tests of the length of files and functions, and of the number of parameters and features.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::ROOT;
use crate::sources::{Function, Source, functions, sources};

/// Code that exceeds the limits below. An entry may only shrink, and is removed when the code fits.
#[rustfmt::skip]
const TOO_LONG: &[(&str, usize)] = &[
    // Files, in lines.
    ("auth-actix/respond/mod.rs", 444),
    // Functions, in lines.
    ("auth-actix/guard/slots.rs: complete", 61),
];

/// Maximum number of places that name a feature, in all three crates.
const MOST_FEATURE_SITES: usize = 120;

/// Functions with more than five parameters, and their number of parameters. An entry may only shrink.
#[rustfmt::skip]
const TOO_MANY_PARAMETERS: &[(&str, usize)] = &[
    ("auth-actix/respond/refusal.rs: new", 7),
    ("auth-core/scheme/bearer/claims.rs: read_claims", 6), ("auth-core/scheme/bearer/jws.rs: verify", 7),
];

/// Returns the number of parameters of a function, given the text after its name. A receiver is not counted.
fn parameters(signature: &str) -> usize {
    let (mut depth, mut parameters, mut text) = (0_i32, Vec::new(), String::new());
    // Generics come first. Their only parentheses are those of `Fn(…)`, which are nested in `<…>`.
    let mut angles = 0_i32;
    for (at, character) in signature.char_indices() {
        let is_arrow = character == '>' && matches!(signature.as_bytes().get(at.wrapping_sub(1)), Some(b'-' | b'='));
        match character {
            '<' => angles += 1,
            '>' if !is_arrow => angles -= 1,
            '(' | '[' | '{' if depth > 0 || angles == 0 => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            _ => {}
        }
        if depth == 0 && character == ')' && angles == 0 {
            break;
        }
        if depth == 1 && angles == 0 && character == ',' {
            parameters.push(std::mem::take(&mut text));
        } else if depth > 0 && !(depth == 1 && character == '(' && text.is_empty()) {
            text.push(character);
        }
    }
    parameters.push(text);
    let is_parameter = |text: &&String| {
        let text = text.trim();
        let receiver = text.trim_start_matches(['&', '(']).trim_start_matches("'a ").trim_start_matches("mut ");
        !text.is_empty() && !receiver.starts_with("self")
    };
    parameters.iter().filter(is_parameter).count()
}

#[test]
fn files_and_functions_stay_within_size_limits() {
    let mut measured: BTreeMap<String, usize> = BTreeMap::new();
    let mut crowded: BTreeMap<String, usize> = BTreeMap::new();
    let mut features = 0;
    for member in ["auth-core", "auth-actix", "auth-macros"] {
        for Source { path, .. } in sources(member) {
            let text = fs::read_to_string(Path::new(ROOT).join(member).join("src").join(&path)).unwrap();
            let code = text.split("\nmod tests {").next().unwrap();
            features += code.matches("feature = \"").count();
            let lines = code.lines().count();
            if lines > 400 {
                measured.insert(format!("{member}/{path}"), lines);
            }
            for Function { name, lines, code } in functions(code) {
                let place = format!("{member}/{path}: {name}");
                let parameters = parameters(code.split_once(&format!("fn {name}")).unwrap().1);
                if parameters > 5 {
                    crowded.insert(place.clone(), parameters);
                }
                if lines > 60 {
                    measured.insert(place, lines);
                }
            }
        }
    }
    only_shrinks("lines", &measured, TOO_LONG);
    only_shrinks("parameters", &crowded, TOO_MANY_PARAMETERS);
    assert!(features <= MOST_FEATURE_SITES, "{features} places name a feature");
}

fn only_shrinks(what: &str, measured: &BTreeMap<String, usize>, allowed: &[(&str, usize)]) {
    let allowed: BTreeMap<_, _> = allowed.iter().copied().collect();
    let most = |place: &str| allowed.get(place).copied().unwrap_or_default();
    let grown: Vec<_> = measured.iter().filter(|(place, number)| **number > most(place)).collect();
    assert!(grown.is_empty(), "too many {what}, to be divided: {grown:#?}");
    let fitting: Vec<_> = allowed.keys().filter(|place| !measured.contains_key(**place)).collect();
    assert!(fitting.is_empty(), "{what} fit, and need no entry: {fitting:#?}");
}

#[test]
fn parameters_are_counted_without_the_receiver() {
    let table = [
        ("()", 0),
        ("(&self)", 0),
        ("(&mut self, a: u8)", 1),
        ("(self: &Arc<Self>, a: u8, b: u8)", 2),
        ("(\n    a: HashMap<u8, u8>,\n    b: (u8, u8),\n) -> u8 {", 2),
        ("<F: Fn(u8, u8) -> u8, const N: usize>(f: F, g: impl Fn(u8, u8) -> u8) -> (u8, u8)", 2),
        ("<'a>(a: &'a [u8; 2], b: fn(u8, u8) -> u8, c: Result<Vec<u8>, (u8, u8)>)", 3),
    ];
    for (signature, expected) in table {
        assert_eq!(parameters(signature), expected, "{signature}");
    }
}
