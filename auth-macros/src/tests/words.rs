//! Valid words of attributes.

use proc_macro2::TokenStream;

use super::{Random, tokens};
use crate::grammar::{ATOMS, Attribute};

/// Returns words of the attribute.
pub(super) fn valid(attribute: Attribute, random: &mut Random) -> TokenStream {
    let words = match attribute {
        Attribute::Public => String::new(),
        Attribute::RequireAuth => {
            let all = ["", "direct", "max_age = \"5m\"", "acr = \"urn:example:mfa\"", "scheme = \"bearer\", direct"];
            random.pick(&all).to_owned()
        }
        Attribute::RequireRole => names("Role", random) + random.pick(&["", "", ", in = org"]),
        Attribute::RequirePermission => names("Permission", random) + random.pick(&["", "", ", in = org"]),
        Attribute::RequireScope => names("TokenScope", random),
        Attribute::RequireClaim => random.pick(&["\"org\", \"acme\"", "\"tenant\", \"\""]).to_owned(),
        Attribute::RequireNetwork | Attribute::DenyNetwork => {
            random.pick(&["\"10.0.0.0/8\"", "\"10.0.0.0/8\", \"2001:db8::/32\"", "\"::1\""]).to_owned()
        }
        Attribute::RequireCountry | Attribute::DenyCountry => random.pick(&["\"DE\"", "\"DE\", \"FR\""]).to_owned(),
        Attribute::Require => {
            let rule = rule(2, true, random);
            // A rule only about addresses has to state whether anonymous callers are admitted.
            let of_caller = ["role", "perm", "scope", "claim", "auth", "max", "acr", "direct", "principal"];
            if of_caller.iter().any(|word| rule.contains(word)) { rule } else { format!("authenticated && ({rule})") }
        }
    };
    let last = [
        "",
        "",
        "",
        ",",
        ", not_found",
        ", redundant = \"kept\"",
        ", any_object = \"open\"",
        ", any_token = \"none\"",
        ", crate = guard",
    ];
    let last = random.pick(&last);
    match (attribute, last) {
        (Attribute::Public, ", not_found") => TokenStream::new(),
        _ if words.is_empty() => tokens(last.trim_start_matches(',')),
        _ => tokens(&format!("{words}{last}")),
    }
}

/// Returns one name of a vocabulary, or several.
fn names(vocabulary: &str, random: &mut Random) -> String {
    match random.below(4) {
        0 => "\"admin\"".to_owned(),
        1 => format!("{vocabulary}::Editor"),
        2 => format!("any(\"admin\", {vocabulary}::Editor)"),
        _ => "all(\"admin\", \"editor\", \"auditor\")".to_owned(),
    }
}

/// Returns words of `rule!`: without checks, and about the caller.
pub(super) fn valid_rule(random: &mut Random) -> TokenStream {
    let last = random.pick(&["", ",", ", not_found", ", redundant = \"kept\"", ", crate = guard"]);
    let rule = match random.below(4) {
        0 => "public".to_owned(),
        1 => format!("public && ({})", rule(1, false, random)),
        _ => format!("authenticated && ({})", rule(2, false, random)),
    };
    tokens(&format!("{rule}{last}"))
}

/// Returns a rule of at most that depth, with or without checks.
fn rule(depth: usize, checks: bool, random: &mut Random) -> String {
    if depth == 0 || random.once_in(3) {
        return atom(checks, random);
    }
    let joined = random.pick(&[" && ", " || "]);
    let part = |random: &mut Random| match random.below(4) {
        0 => format!(
            "!{}",
            random.pick(&["role(\"banned\")", "claim(\"tenant\", \"acme\")", "network(\"10.1.0.0/16\")"])
        ),
        1 => atom(checks, random),
        _ => format!("({})", rule(depth - 1, checks, random)),
    };
    [part(random), part(random)].join(joined)
}

fn atom(checks: bool, random: &mut Random) -> String {
    let written = [
        "check(posts.is_owner(*id, principal.id()).await?)",
        "check(matches!(page, Page { number: 1 | 2, .. }) && principal.id() > 3)",
        "check({ let found = id; principal.iter().any(|one| one == \"x\") })",
        "check(format!(\"{id}\") == principal)",
        "authorized(Post, Edit)",
    ];
    match random.below(4) {
        0 if checks => random.pick(&written).to_owned(),
        0 | 1 => format!("role({})", names("Role", random)),
        _ => {
            let all: Vec<_> = ATOMS.iter().filter(|atom| !["check", "authorized"].contains(&atom.word)).collect();
            all[random.below(all.len())].example.to_owned()
        }
    }
}
