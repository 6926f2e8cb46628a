//! Tests of the dependencies between crates and between modules.

use std::fs;
use std::path::Path;

use crate::ROOT;
use crate::sources::{Source, declared, files, is_word, levels, sources};

#[test]
fn a_module_imports_only_modules_listed_before_it() {
    for member in ["auth-core", "auth-actix", "auth-macros"] {
        let mut compared = 0;
        for (group, modules) in levels(member) {
            let position = |module: &str| modules.iter().position(|other| other == module);
            let prefix: String = std::iter::once("crate")
                .chain(group.iter().map(String::as_str))
                .map(|part| format!("{part}::"))
                .collect();
            let folder: String = group.iter().map(|part| format!("{part}/")).collect();
            for Source { path, code } in sources(member).iter().filter(|source| source.path != "lib.rs") {
                let Some(own) = path.strip_prefix(&folder).filter(|rest| *rest != "mod.rs") else { continue };
                let own = own.split(['/', '.']).next().unwrap();
                let own = position(own).unwrap_or_else(|| panic!("{member}: {path} is in no module that is listed"));
                for (at, _) in code.match_indices(&prefix) {
                    let named: String =
                        code[at + prefix.len()..].chars().take_while(|character| is_word(*character)).collect();
                    // A re-exported item is not a module.
                    if let Some(other) = position(&named) {
                        compared += 1;
                        assert!(other <= own, "{member}: {path} imports `{prefix}{named}`, which is listed after it");
                    }
                }
            }
        }
        assert!(compared > 20, "{member}: {compared}");
    }
}

/// Modules whose files only import siblings that are listed before them. In auth-macros they do not import from their `mod.rs`
/// either. The other modules still contain cycles.
const ORDERED: &[&str] = &[
    "auth-core/runtime",
    "auth-core/identity",
    "auth-core/identity/issuer",
    "auth-core/identity/principal",
    "auth-core/identity/vocabulary",
    "auth-core/client",
    "auth-core/denial",
    "auth-core/policy",
    "auth-core/policy/atom",
    "auth-core/policy/decision",
    "auth-core/policy/rule",
    "auth-core/matrix",
    "auth-core/store/blocklist",
    "auth-core/store/throttle",
    "auth-core/store/tokens",
    "auth-core/store/users",
    "auth-core/scheme",
    "auth-core/scheme/bearer",
    "auth-core/scheme/bearer/key",
    "auth-core/scheme/bearer/settings",
    "auth-core/scheme/dpop",
    "auth-core/scheme/session",
    "auth-core/engine",
    "auth-macros/parse",
    "auth-macros/analyze",
    "auth-macros/analyze/formula",
    "auth-macros/analyze/vocabulary",
    "auth-macros/expand",
    "auth-actix/scope",
    "auth-actix/test",
];

/// A known cycle: the builder error contains the errors of the schemes, whose settings report it.
const KNOWN_CIRCLE: (&str, &[&str]) = ("scheme/build_error.rs", &["bearer", "dpop", "own_token", "session"]);

/// Returns the first name of each path after `prefix`, including each path of a list in braces.
fn imported(code: &str, prefix: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|character| is_word(*character)).collect::<String>();
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        // `super::super::…` is a path relative to the parent's parent.
        if prefix.starts_with("super") && code[..at].ends_with("super::") {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(name(rest));
            continue;
        };
        let (mut depth, mut start) = (0_usize, 0);
        for (end, character) in list.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                '}' | ',' if depth == 0 => {
                    found.push(name(&list[start..end]));
                    start = end + 1;
                }
                _ => {}
            }
            if character == '}' && start == end + 1 {
                break;
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn files_of_ordered_modules_import_siblings_listed_before() {
    for module in ORDERED {
        let (member, folder) = module.split_once('/').unwrap();
        let siblings = declared(&Path::new(ROOT).join(member).join("src").join(folder).join("mod.rs"));
        let position = |name: &str| siblings.iter().position(|other| other == name);
        let absolute = format!("crate::{}::", folder.replace('/', "::"));
        let mut compared = 0;
        for Source { path, code } in sources(member) {
            let Some(inside) = path.strip_prefix(&format!("{folder}/")).filter(|inside| *inside != "mod.rs") else {
                continue;
            };
            // `metrics_absent.rs` is the module `metrics` without its feature.
            let file = inside.split(['/', '.']).next().unwrap();
            let own = position(file.strip_suffix("_absent").unwrap_or(file)).unwrap();
            // In a subfolder of the module, `mod.rs` is one level deeper, and other files are two.
            let levels = inside.matches('/').count() + usize::from(!inside.ends_with("mod.rs") || inside == "mod.rs");
            let relative = "super::".repeat(levels);
            for name in imported(&code, &relative).into_iter().chain(imported(&code, &absolute)) {
                compared += 1;
                let Some(other) = position(&name) else {
                    let is_allowed = name == "super" || member != "auth-macros";
                    assert!(is_allowed, "{module}: {path} imports `{name}` from the file that declares it");
                    continue;
                };
                let is_known =
                    *module == "auth-core/scheme" && path == KNOWN_CIRCLE.0 && KNOWN_CIRCLE.1.contains(&&*name);
                let is_own = other == own && inside.contains('/');
                assert!(
                    other < own || is_own || is_known,
                    "{module}: {path} imports `{name}`, which is not listed before it"
                );
            }
        }
        assert!(compared > 0, "{module}: {compared}");
    }
}

#[test]
fn single_and_grouped_imports_are_parsed() {
    let table = [
        ("use super::model::Atom;", "model"),
        ("use super::{model, check::{self, all}, atoms};", "model check atoms"),
        ("super::super::formula::of(); x(super::model::y())", "super model"),
    ];
    for (code, expected) in table {
        assert_eq!(imported(code, "super::").join(" "), expected, "{code}");
    }
    assert_eq!(imported("use super::super::formula::of;", "super::super::"), ["formula"]);
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let manifest = |member: &str| fs::read_to_string(Path::new(ROOT).join(member).join("Cargo.toml")).unwrap();
    let listed = |member: &str, section: &str| {
        let manifest = manifest(member);
        let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
        let named =
            lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split(['.', ' ', '=']).next());
        named.filter(|name| name.starts_with("auth-")).map(str::to_owned).collect::<Vec<_>>()
    };
    let ours = |member: &str| listed(member, "[dependencies]");
    assert_eq!(ours("auth-macros"), Vec::<String>::new());
    assert_eq!(ours("auth-core"), Vec::<String>::new());
    assert_eq!(ours("auth-core/sql"), ["auth-core"]);
    assert_eq!(ours("auth-actix"), ["auth-core", "auth-macros", "auth-sql"]);
    // For the examples in the documentation, which use the public names.
    assert_eq!(listed("auth-core", "[dev-dependencies]"), ["auth-actix"]);
    assert_eq!(listed("auth-core/sql", "[dev-dependencies]"), ["auth-actix"]);
    for example in fs::read_dir(Path::new(ROOT).join("examples")).unwrap() {
        let name = example.unwrap().file_name().into_string().unwrap();
        let member = format!("examples/{name}");
        let named = [ours(&member), listed(&member, "[dev-dependencies]")].concat();
        assert!(named.iter().all(|dependency| dependency == "auth-actix"), "{name} names {named:?}");
        let tests = Path::new(ROOT).join("examples").join(&name);
        let tested = files(&tests, ".rs").iter().any(|path| {
            fs::read_to_string(path).unwrap().contains("#[test]")
                || fs::read_to_string(path).unwrap().contains("::test]")
        });
        assert!(tested, "example {name} has no test of its own");
    }
}
