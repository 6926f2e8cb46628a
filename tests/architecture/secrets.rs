//! Tests that secrets and passwords are compared in constant time only (P30).
//!
//! A test that measures time cannot tell a comparison of 32 bytes from noise. These tests read the sources instead. Types that
//! contain a secret cannot be compared with `==`, values with the name of a secret are not compared with `==`, and each function
//! that compares secrets is listed with its constant-time comparisons.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Source, functions, is_word, names, sources};

const MEMBERS: [&str; 3] = ["auth-core", "auth-core/sql", "auth-actix"];

/// Functions that compare in constant time: those of subtle, aws-lc-rs, argon2 and jsonwebtoken.
const CONSTANT_TIME: [&str; 4] =
    ["ct_eq(", "verify_slices_are_equal(", ".verify_password(", "jsonwebtoken::crypto::verify("];

/// All functions that compare secrets, and the number of comparisons in each.
#[rustfmt::skip]
const COMPARISONS: &[(&str, usize)] = &[
    ("auth-core/store/tokens/key_file.rs: find_now", 1),             // the hash of the secret of a key
    ("auth-core/scheme/bearer/claims.rs: is_bound_to", 1),           // the thumbprint of a certificate
    ("auth-core/scheme/bearer/key/mod.rs: is_same_secret", 1),       // HMAC secrets of the settings
    ("auth-core/scheme/bearer/key/verifier.rs: new", 1),             // a test of the key, without aws-lc-rs
    ("auth-core/scheme/bearer/key/verifier.rs: verifies", 2),        // the HMAC of a token, with and without aws-lc-rs
    ("auth-core/scheme/bearer/presentation.rs: fits", 1),            // the thumbprint of the key of a proof
    ("auth-core/scheme/dpop/nonce.rs: accept", 1),                   // the HMAC in a nonce
    ("auth-core/scheme/dpop/proof.rs: read", 1),                    // the hash of the token in a proof
    ("auth-core/scheme/own_token/source.rs: source_of", 1),         // a fixed token
    ("auth-core/scheme/session/oidc_login/mod.rs: check", 1),        // the nonce of a login
    ("auth-core/scheme/session/oidc_login/mod.rs: finished", 1),     // the state of a login
    ("auth-core/identity/token_digest.rs: eq", 2),                     // the digest of a token
    ("auth-core/store/users/hash.rs: matches", 1),                   // the password hash
    ("auth-core/store/users/password_cache.rs: contains", 1),        // the MAC of a cached password and its version
    ("auth-core/store/users/password_cache.rs: find", 1),            // the MAC of a cached password
];

/// Names of values that are secrets, or that authenticate a caller.
const SECRET_VALUES: [&str; 16] = [
    "secret",
    "password",
    "passwords",
    "hash",
    "digest",
    "mac",
    "signature",
    "nonce",
    "state",
    "code",
    "ticket",
    "token",
    "thumbprint",
    "ath",
    "credentials",
    "versioned",
];

/// Comparisons of such values that reveal nothing, with the reason.
#[rustfmt::skip]
const HARMLESS: &[(&str, &str, &str)] = &[
    ("auth-core/runtime/strict_json/reader.rs", "*other_hash == hash", "hashes of member names"),
    ("auth-core/matrix/assignments.rs", "state(", "a state of a variable in a formula"),
    ("auth-core/matrix/assignments/requests.rs", "state", "a state of a variable in a formula"),
    ("auth-core/sql/lib.rs", "code.as_deref() == Some(", "an error code of the database"),
    ("auth-core/scheme/bearer/cache.rs", "*kept.token == *token", "a lookup, see L26"),
    ("auth-core/scheme/bearer/cache.rs", "kept.token == new.token", "two verified tokens"),
    ("auth-core/scheme/dpop/mod.rs", "proof.nonce.as_deref() != Some(next)", "a nonce that was accepted"),
];

/// Types of which each value is a secret or computes with one.
const SECRET_TYPES: [&str; 8] =
    ["SecretString", "Blake2sMac256", "RandomizedNonceKey", "DecodingKey", "Secret", "Tag", "Number", "PasswordHash"];

/// Names of fields that contain a secret.
const SECRET_FIELDS: [&str; 7] = ["secret", "password", "hash", "nonce", "token", "verifier", "password_versions"];

/// Structs that contain a secret under another name.
const OTHER_SECRETS: [&str; 4] = ["Credential", "SessionId", "PreparedKey", "CallbackQuery"];

/// Structs with such a field that contain no secret, with the reason.
const NO_SECRETS: &[(&str, &str)] = &[("Counted", "the token is a number that a throttle store assigns")];

/// Returns the sources of all crates that handle secrets, with the crate in their path.
fn all_sources() -> impl Iterator<Item = Source> {
    MEMBERS.into_iter().flat_map(|member| {
        let within = move |source: Source| Source { path: format!("{member}/{}", source.path), ..source };
        sources(member).into_iter().map(within)
    })
}

#[test]
fn secrets_are_compared_by_constant_time_functions_only() {
    let count = |code: &str| CONSTANT_TIME.iter().map(|function| code.matches(function).count()).sum::<usize>();
    let (mut found, mut unequal) = (BTreeMap::new(), Vec::new());
    for Source { path, code } in all_sources() {
        for function in functions(&code) {
            *found.entry(format!("{path}: {}", function.name)).or_insert(0) += count(&function.code);
        }
        let is_harmless = |line: &str| HARMLESS.iter().any(|(file, part, _)| path == *file && line.contains(part));
        let lines = code.lines().filter(|line| compares_secret(line) && !is_harmless(line));
        unequal.extend(lines.map(|line| format!("{path}: {}", line.trim())));
    }
    found.retain(|_, comparisons| *comparisons > 0);
    let listed: BTreeMap<_, _> = COMPARISONS.iter().map(|(place, number)| ((*place).to_owned(), *number)).collect();
    assert_eq!(found, listed, "the functions that compare secrets, and the number of constant-time comparisons");
    assert!(unequal.is_empty(), "compared with an operator, whose duration depends on the values: {unequal:#?}");
}

/// Returns whether the line compares a secret with an operator.
fn compares_secret(line: &str) -> bool {
    [" == ", " != "].into_iter().flat_map(|operator| line.match_indices(operator)).any(|(at, operator)| {
        let left = line[..at].rsplit(' ').next().unwrap_or_default();
        let right = line[at + operator.len()..].split(' ').next().unwrap_or_default();
        [left, right].into_iter().any(is_secret)
    })
}

/// Returns whether the last field of an operand, before conversions, has the name of a secret.
fn is_secret(operand: &str) -> bool {
    let is_conversion = |part: &&str| {
        ["as_", "iter(", "bytes(", "clone(", "expose_secret(", "unwrap", "text("]
            .iter()
            .any(|name| part.starts_with(name))
    };
    let parts: Vec<_> = operand.split('.').collect();
    let last = parts.iter().rev().find(|part| !is_conversion(part) || parts.len() == 1).copied().unwrap_or_default();
    let name: String =
        last.trim_start_matches(|character| !is_word(character)).chars().take_while(|next| is_word(*next)).collect();
    SECRET_VALUES.contains(&name.as_str()) || name.rsplit('_').next().is_some_and(|end| SECRET_VALUES.contains(&end))
}

#[test]
fn comparisons_of_secrets_are_recognized() {
    let table = [
        ("if key.hash == stored {", true),
        ("let fits = *secret != other;", true),
        ("kept.is_some_and(|kept| other == self.password_hash.as_slice())", true),
        ("on_its_way.state.as_bytes() != query.state.as_bytes()", true),
        ("hash(secret) == stored", true),
        ("hash.len() == 64", false),
        ("state.generation == generation", false),
        ("kind == Kind::Secret", false),
    ];
    for (line, expected) in table {
        assert_eq!(compares_secret(line), expected, "{line}");
    }
}

/// A struct, with its attributes and its fields.
struct Struct {
    name: String,
    attributes: String,
    fields: String,
}

impl Struct {
    fn has_secret(&self) -> bool {
        let has_field = |name: &&str| self.fields.contains(&format!(" {name}: "));
        OTHER_SECRETS.contains(&self.name.as_str())
            || SECRET_TYPES.iter().any(|secret| names(&self.fields, secret))
            || SECRET_FIELDS.iter().any(has_field)
    }
}

/// Returns the structs in rustfmt-formatted code.
fn structs(code: &str) -> Vec<Struct> {
    let lines: Vec<_> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let item = line.trim_start();
        let Some(rest) = item
            .strip_prefix("struct ")
            .or_else(|| item.starts_with("pub").then(|| item.split_once(" struct ").map(|(_, rest)| rest)).flatten())
        else {
            continue;
        };
        let (indent, name) = (line.len() - item.len(), rest.chars().take_while(|next| is_word(*next)).collect());
        let end = format!("{}}}", " ".repeat(indent));
        let length =
            if line.ends_with(['{', '(']) { lines[start..].iter().position(|line| *line == end) } else { None };
        let attributes = lines[..start].iter().rev().take_while(|line| line.trim_start().starts_with("#["));
        let attributes =
            attributes.filter(|line| !line.contains("cfg_attr(test,")).copied().collect::<Vec<_>>().join("\n");
        let fields = lines[start..=start + length.unwrap_or_default()].join("\n");
        let fields = fields.split_once(rest.split(['{', '(', ';', '<', ' ']).next().unwrap()).unwrap().1.to_owned();
        found.push(Struct { name, attributes, fields });
    }
    found
}

#[test]
fn types_with_secrets_have_no_equality() {
    let (mut secret, mut comparable) = (BTreeSet::new(), Vec::new());
    for Source { path, code } in all_sources() {
        for found in structs(&code).into_iter().filter(Struct::has_secret) {
            let name = &found.name;
            if NO_SECRETS.iter().any(|(harmless, _)| harmless == name) {
                continue;
            }
            let derived = ["PartialEq", "Eq", "PartialOrd", "Ord", "Hash"].map(|word| names(&found.attributes, word));
            let written = ["PartialEq", "PartialOrd", "Hash"].map(|word| {
                code.lines()
                    .any(|line| line.starts_with("impl") && names(line, word) && line.contains(&format!("for {name}")))
            });
            if derived.contains(&true) || written.contains(&true) {
                comparable.push(format!("{path}: {name}"));
            }
            secret.insert(found.name);
        }
    }
    assert!(comparable.is_empty(), "contain a secret, and can be compared with `==`: {comparable:#?}");
    let known = ["ClientRegistration", "Key", "Nonces", "OnItsWay", "PasswordCredentials", "Seal", "User"];
    for name in known.iter().chain(&OTHER_SECRETS) {
        assert!(secret.contains(*name), "{name} is not found: {secret:?}");
    }
}
