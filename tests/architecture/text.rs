//! Tests of words, names and links that belong in certain files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::ROOT;
use crate::sources::{Source, files, names, sources};

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
        ("auth-actix",  &["400", "401", "403", "404", "429", "500", "503"],  &["test/tokens/outcome.rs"]),
        ("auth-actix",  &["Unauthorized", "Forbidden", "BadRequest", "TooManyRequests", "ServiceUnavailable"], &[]),
        ("auth-actix",  &["NotFound", "SeeOther"],                           &["respond/mod.rs"]),
        ("auth-actix",  &["WWW_AUTHENTICATE"],                               &["respond/mod.rs", "respond/without_request.rs", "test/tokens/outcome.rs"]),
        ("auth-core",   &["realm="],                                         &["denial/challenge.rs"]),
        ("auth-actix",  &["realm="],                                         &[]),
        ("auth-core",   &["async", "await", "spawn_blocking", "TcpStream", "env"],
            &["scheme/session/oidc_login/mod.rs", "runtime/timeout.rs", "oidc/discovery/http.rs", "oidc/discovery/mod.rs", "scheme/basic.rs", "scheme/bearer/remote/jwks.rs", "scheme/bearer/remote_absent.rs", "scheme/dpop/conformance.rs", "scheme/own_token/authenticator.rs", "scheme/own_token/lookup.rs", "scheme/own_token/misses.rs", "scheme/own_token/uses.rs", "scheme/session/conformance.rs", "store/throttle/conformance.rs", "store/tokens/conformance.rs", "store/tokens/file.rs", "scheme/bearer/mod.rs", "scheme/dpop/mod.rs", "scheme/dpop/redis.rs", "scheme/session/create.rs", "scheme/session/revoke.rs", "scheme/session/mod.rs", "scheme/session/redis.rs", "runtime/redis/scripts.rs", "scheme/own_token/deletion.rs", "scheme/session/account.rs",
              "store/throttle/mod.rs", "store/throttle/redis.rs",
              "runtime/single_flight.rs", "store/accounts/provided.rs", "store/accounts/provider.rs", "store/rights.rs", "store/roles.rs", "scheme/bearer/remote/introspection.rs", "scheme/bearer/resolver.rs", "runtime/concurrency_limit.rs", "runtime/background_fetch.rs", "store/users/authenticator.rs", "store/users/hashed.rs", "scheme/bearer/authenticator.rs", "scheme/mod.rs", "scheme/ticket.rs", "engine/accounts.rs", "engine/conferral.rs", "engine/evaluate.rs", "engine/provider.rs", "engine/identify.rs", "engine/layers.rs", "engine/not_found.rs", "engine/objects.rs", "engine/body_keys.rs"]),
        ("auth-core",   &["fs"],
            &["audit/json_lines.rs", "store/blocklist/file.rs", "client/country/database.rs", "identity/grants.rs", "oidc/discovery/http.rs", "scheme/bearer/key/mod.rs", "store/tokens/file.rs", "store/tokens/key_file.rs", "store/users/file.rs", "runtime/file_watcher.rs"]),
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
                assert!(!names(&text, word), "{member}: `{word}` is in {path}, and belongs in {homes:?}");
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
    assert_eq!(atoms.len(), 15);
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
