//! Tests of the source layout: module dependencies, and code that belongs in one place.

#![cfg(test)] // clippy then treats the helpers as test code

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A source file: its path below the crate's `src`, and its code without comments and unit tests.
struct Source {
    path: String,
    code: String,
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry, ending));
        } else if entry.to_string_lossy().ends_with(ending) {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn sources(member: &str) -> Vec<Source> {
    let src = Path::new(ROOT).join(member).join("src");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = code.map(|line| line.split(" // ").next().unwrap()).collect::<Vec<_>>().join("\n");
        Source { path: path.strip_prefix(&src).unwrap().to_string_lossy().into_owned(), code }
    };
    let is_code = |path: &PathBuf| {
        let path = path.strip_prefix(&src).unwrap();
        !path.ends_with("tests.rs") && path.iter().all(|part| part != "tests")
    };
    files(&src, ".rs").into_iter().filter(is_code).map(read).collect()
}

/// Returns the modules that a file declares, in order.
fn declared(file: &Path) -> Vec<String> {
    let Ok(text) = fs::read_to_string(file) else { return Vec::new() };
    let declared = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.map(str::to_owned).collect()
}

/// Returns the modules of `lib.rs` and of groups, which are modules that only contain other modules. Each level has its path.
/// Modules are listed in dependency order.
fn levels(member: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let src = Path::new(ROOT).join(member).join("src");
    let top = declared(&src.join("lib.rs"));
    let mut levels = vec![(Vec::new(), top.clone())];
    for group in top {
        let file = src.join(&group).join("mod.rs");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let is_item = |line: &&str| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#');
        if text.lines().filter(is_item).all(|line| line.ends_with(';') && line.contains("mod ")) {
            levels.push((vec![group], declared(&file)));
        }
    }
    levels
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns whether the word occurs in the code, as a whole word.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_none_or(|character| !is_word(character));
        let after = code[at + word.len()..].chars().next().is_none_or(|character| !is_word(character));
        before && after
    })
}

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
    "auth-core/store/users",
    "auth-core/scheme",
    "auth-core/scheme/api_key",
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
const KNOWN_CIRCLE: (&str, &[&str]) = ("scheme/build_error.rs", &["bearer", "dpop", "session"]);

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
fn restricted_words_occur_only_in_their_allowed_files() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str], &[&str])] = &[
        // (crate, words, files that may contain them)
        ("auth-core",   &["SystemTime", "Instant", "UNIX_EPOCH"],            &["runtime/clock.rs"]),
        ("auth-actix",  &["SystemTime", "Instant", "UNIX_EPOCH"],            &[]),
        ("auth-core",   &["400", "401", "403", "404", "429", "500", "503"],  &["denial/mod.rs"]),
        // Hidden paths use 404, and errors without a denial 500, but as named constants. Texts of test failures may contain
        // numbers.
        ("auth-actix",  &["400", "401", "403", "404", "429", "500", "503"],  &["test/tokens/matrix.rs"]),
        ("auth-actix",  &["Unauthorized", "Forbidden", "BadRequest", "TooManyRequests", "ServiceUnavailable"], &[]),
        ("auth-actix",  &["NotFound", "SeeOther"],                           &["respond/mod.rs"]),
        ("auth-actix",  &["WWW_AUTHENTICATE"],                               &["respond/mod.rs", "test/tokens/matrix.rs"]),
        ("auth-core",   &["realm="],                                         &["denial/challenge.rs"]),
        ("auth-actix",  &["realm="],                                         &[]),
        ("auth-core",   &["async", "await", "spawn_blocking", "TcpStream", "env"],
            &["scheme/session/oidc_login/mod.rs", "runtime/timeout.rs", "oidc/discovery/http.rs", "oidc/discovery/mod.rs", "scheme/api_key/verifier.rs", "scheme/basic.rs", "scheme/bearer/remote/jwks.rs", "scheme/bearer/remote_absent.rs", "scheme/dpop/conformance.rs", "scheme/session/conformance.rs", "store/throttle/conformance.rs", "scheme/bearer/mod.rs", "scheme/dpop/mod.rs", "scheme/dpop/redis.rs", "scheme/session/create.rs", "scheme/session/revoke.rs", "scheme/session/mod.rs", "scheme/session/redis.rs", "runtime/redis/scripts.rs",
              "store/throttle/mod.rs", "store/throttle/redis.rs",
              "runtime/single_flight.rs", "store/roles.rs", "scheme/bearer/remote/introspection.rs", "scheme/bearer/resolver.rs", "runtime/concurrency_limit.rs", "runtime/background_fetch.rs", "store/users/authenticator.rs", "store/users/hashed.rs", "scheme/bearer/authenticator.rs", "scheme/mod.rs", "scheme/ticket.rs", "engine/evaluate.rs", "engine/identify.rs", "engine/layers.rs", "engine/not_found.rs"]),
        ("auth-core",   &["fs"],
            &["audit/json_lines.rs", "store/blocklist/file.rs", "client/country/database.rs", "identity/grants.rs", "oidc/discovery/http.rs", "scheme/api_key/file.rs", "scheme/bearer/key/mod.rs", "store/users/file.rs", "runtime/file_watcher.rs"]),
        ("auth-macros", &["syn::Error"],                                     &["diagnostics.rs"]),
        ("auth-macros", &["auth_actix", "actix_web", "HttpRequest", "Payload", "Either", "web::Data"], &["dialect.rs"]),
        ("auth-macros", &["__private"],                                      &["expand/paths.rs"]),
        ("auth-core",   &["actix_web", "actix_http", "auth_macros"],             &[]),
        ("auth-actix",  &["realip_remote_addr", "connection_info"],          &[]),
    ];
    for (member, words, homes) in table {
        for Source { path, code } in sources(member) {
            for word in words.iter().filter(|_| !homes.contains(&path.as_str())) {
                let text = code.lines().filter(|line| !line.contains("help") && !line.contains("include_str!"));
                let text = text.collect::<Vec<_>>().join("\n");
                assert!(!names(&text, word), "{member}: `{word}` stands in {path}, and belongs in {homes:?}");
            }
        }
    }
}

#[test]
fn restricted_values_are_constructed_only_in_their_module() {
    for (member, made, home) in [
        ("auth-core", "Decision::Deny(", "policy/decision"),
        ("auth-core", "Decision::Allow", "policy/decision"),
        ("auth-macros", "Checked {", "analyze"),
        ("auth-actix", "Decided }", "guard"),
    ] {
        for Source { path, code } in sources(member) {
            // A pattern only destructures the value.
            let makes = code.lines().any(|line| line.contains(made) && !line.contains("=>"));
            assert!(!makes || path.starts_with(home), "{member}: {path} makes `{made}`");
        }
    }
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

#[test]
fn attributes_and_atoms_have_ui_test_cases() {
    let words = fs::read_to_string(Path::new(ROOT).join("auth-macros/src/grammar.rs")).unwrap();
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let attributes: Vec<_> = words
        .lines()
        .filter(|line| line.trim_start().starts_with("Self::") && line.contains("Reading::"))
        .filter_map(quoted)
        .collect();
    assert_eq!(attributes.len(), 11);
    let ui = Path::new(ROOT).join("tests/ui");
    for attribute in
        attributes.iter().filter(|word| Path::new(ROOT).join(format!("auth-macros/docs/{word}.md")).exists())
    {
        for kind in ["fail", "pass"] {
            assert!(ui.join(kind).join(attribute).is_dir(), "`{attribute}` has no cases in ui/{kind}");
        }
    }
    let mut atoms: BTreeMap<String, bool> = words
        .lines()
        .filter(|line| line.trim_start().starts_with("Atom { word: "))
        .filter_map(quoted)
        .map(|word| (word, false))
        .collect();
    assert_eq!(atoms.len(), 13);
    let cases =
        files(&ui.join("pass"), ".rs").into_iter().map(|path| fs::read_to_string(path).unwrap()).collect::<String>();
    for (atom, used) in &mut atoms {
        *used = cases.contains(&format!("{atom}("))
            || cases.contains(&format!("({atom})"))
            || cases.contains(&format!("{atom} &&"));
    }
    assert!(atoms.values().all(|used| *used), "{atoms:?}");
}

#[test]
fn source_files_have_specific_names() {
    for member in ["auth-core", "auth-actix", "auth-macros"] {
        for path in files(&Path::new(ROOT).join(member).join("src"), ".rs") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(
                !["util", "utils", "helper", "helpers", "common", "misc", "types", "error", "errors"]
                    .contains(&name.as_str()),
                "{}",
                path.display()
            );
        }
    }
}

/// Code that exceeds the limits below. An entry may only shrink, and is removed when the code fits.
#[rustfmt::skip]
const TOO_LONG: &[(&str, usize)] = &[
    // Files, in lines.
    ("auth-core/runtime/strict_json/mod.rs", 505),
    ("auth-actix/respond/mod.rs", 447),
    // Functions, in lines.
    ("auth-core/matrix/assignments.rs: request", 68),
    ("auth-actix/guard/two_phase.rs: complete", 61),
];

/// Maximum number of places that name a feature, in all three crates.
const MOST_FEATURE_SITES: usize = 114;

/// Functions with more than five parameters, and their number of parameters. An entry may only shrink.
#[rustfmt::skip]
const TOO_MANY_PARAMETERS: &[(&str, usize)] = &[
    ("auth-actix/respond/refusal.rs: new", 7), ("auth-core/matrix/test_cases.rs: walk", 6),
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

/// Returns the name, length in lines, and number of parameters of each function in rustfmt-formatted code.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<_> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let is_item = words[..at].iter().all(|word| {
            word.starts_with("pub") || ["const", "async", "unsafe", "extern"].contains(word) || word.ends_with(')')
        });
        if !is_item || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let end = format!("{}}}", " ".repeat(line.len() - line.trim_start().len()));
        let length = lines[start..].iter().position(|line| **line == end).map_or(0, |lines| lines + 1);
        let name: String = words[at + 1].chars().take_while(|character| is_word(*character)).collect();
        let signature = lines[start..].join("\n");
        let behind = signature.split_once(&format!("fn {name}")).map_or("", |(_, behind)| behind);
        found.push((name, length, parameters(behind)));
    }
    found
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
            for (name, lines, parameters) in functions(code) {
                let place = format!("{member}/{path}: {name}");
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
fn macros_and_decisions_agree_on_the_maximum_checks() {
    let number = |file: &str, constant: &str| {
        let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
        let (_, rest) = text.split_once(constant).unwrap();
        rest.split([' ', ';']).next().unwrap().parse::<u8>().unwrap()
    };
    let in_macros = number("auth-macros/src/analyze/check/mod.rs", "const MAX_CHECKS: u8 = ");
    let in_decisions = number("auth-core/src/policy/facts.rs", "pub const MOST: u8 = ");
    assert_eq!(in_macros, in_decisions);
    assert_eq!(u32::from(in_decisions), u32::BITS, "a bit for each check");
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

/// The targets of inline links and images of a page, without external ones.
fn local_links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut is_code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        // Text in backticks is not a link.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        for (at, open) in [("](", ')'), ("src=\"", '"')] {
            let targets = prose.split(at).skip(1).filter_map(|rest| rest.split(open).next());
            links.extend(targets.filter(|link| !link.contains("://") && !link.starts_with('#')).map(str::to_owned));
        }
    }
    links
}

#[test]
fn local_links_in_pages_lead_to_existing_files() {
    let mut pages = Vec::new();
    for folder in ["", "auth-actix/docs", "auth-core/docs", "tests", "tests/load"] {
        let Ok(entries) = fs::read_dir(Path::new(ROOT).join(folder)) else { continue };
        pages.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension() == Some("md".as_ref())));
    }
    pages.extend(
        files(&Path::new(ROOT).join("examples"), ".md")
            .into_iter()
            .filter(|path| !path.ends_with("ACCESS.md") && !path.to_string_lossy().contains("node_modules")),
    );
    let mut compared = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in local_links(&text) {
            // Items of rustdoc are links of the crate's own documentation, which rustdoc checks.
            let is_item = link.contains("::") || page.ends_with("auth-actix/docs/crate.md");
            let file = page.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(is_item || file.exists(), "{}: the link `{link}` leads nowhere", page.display());
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}
