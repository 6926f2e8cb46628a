//! Tests of checks about objects: when they run, for which caller, and what limited credentials need.

use super::*;
use crate::policy::atom::{Check, ObjectAction, Tenancy};
use crate::policy::facts::Checks;

/// An action without a name, which is closed to limited credentials.
pub(super) const ACTION: ObjectAction = ObjectAction {
    path: "id",
    resource: || "app::Post",
    action: || "app::Edit",
    required: None,
    admits_anonymous: false,
    tenancy: Tenancy::None,
    deps: std::any::TypeId::of::<()>,
    deps_name: || "()",
    ask: &(),
};

const BY_SCOPE: ObjectAction = ObjectAction { required: Some(SCOPES.name("a")), admits_anonymous: true, ..ACTION };
const BY_PERMISSION: ObjectAction = ObjectAction { required: Some(PERMISSIONS.name("posts:write")), ..ACTION };

/// A check about an object. `names_principal` is false in handlers that admit anonymous callers.
fn object(index: u8, object: &'static ObjectAction, names_principal: bool) -> Formula {
    let atom = Atom::Check(Check { index, names_principal, object: Some(object), any_token: false });
    Formula::Literal(Literal { atom, negated: false, text: "authorized(Post, Edit)" })
}

fn join(of: fn(&'static [Formula]) -> Formula, parts: &[Formula]) -> Formula {
    of(Vec::leak(parts.to_vec()))
}

/// A token that acts for an account, with this ceiling.
fn limited(ceiling: Rights) -> Principal {
    bearer(&["editor"]).principal().with_ceiling(ceiling)
}

#[test]
fn limited_credentials_need_the_name_of_an_action() {
    // RIGHTS-6, RIGHTS-8, RIGHTS-14, OBJ-14
    let scope = || limited(Rights::new().scopes(["a"]));
    let nothing = || limited(Rights::new());
    let writes = || limited(Rights::new().permissions(["posts:write"]));
    let full = || bearer(&["editor"]).principal();
    let (asked, open) = (Checks::default(), Checks::default());
    let (held, not_held) = (asked.with(0, true), asked.with(0, false));
    let uncounted = asked.with_uncounted(0, [0].into_iter());
    let needs = |action| object(0, action, true);
    let public = || object(0, &BY_SCOPE, false);
    let with = |formula| join(Formula::All, &[literal(is(Anyone)), formula]);
    let or_role = |formula| join(Formula::Any, &[literal(is(Role("admin"))), formula]);
    #[rustfmt::skip]
    let table = [
        // (case, caller, formula, checks so far, answer)
        ("full credential",        Some(full()),    with(needs(&ACTION)),        open,      "check 0"),
        ("full, allowed",          Some(full()),    with(needs(&ACTION)),        held,      "run"),
        ("full, not allowed",      Some(full()),    with(needs(&ACTION)),        not_held,  "403 insufficient-permissions"),
        ("no name",                Some(scope()),   with(needs(&ACTION)),        open,      "403 insufficient-permissions"),
        ("no name, in a branch",   Some(scope()),   or_role(needs(&ACTION)),     open,      "403 insufficient-permissions"),
        ("with the scope",         Some(scope()),   with(needs(&BY_SCOPE)),      open,      "check 0"),
        ("scope, allowed",         Some(scope()),   with(needs(&BY_SCOPE)),      held,      "run"),
        ("scope, not allowed",     Some(scope()),   with(needs(&BY_SCOPE)),      not_held,  "403 insufficient-permissions"),
        ("without the scope",      Some(nothing()), with(needs(&BY_SCOPE)),      open,      "403 insufficient-scope"),
        ("permission in ceiling",  Some(writes()),  with(needs(&BY_PERMISSION)), open,      "check 0"),
        ("above the ceiling",      Some(scope()),   with(needs(&BY_PERMISSION)), open,      "403 insufficient-permissions"),
        ("lacks it in the tenant", Some(writes()),  with(needs(&BY_PERMISSION)), uncounted, "403 insufficient-permissions"),
        // Where anonymous callers are admitted, it counts as anonymous.
        ("public, scope",          Some(scope()),   public(),                    open,      "check 0"),
        ("public, no scope",       Some(nothing()), public(),                    open,      "check 0"),
        ("public, not counted",    Some(scope()),   public(),                    uncounted, "check 0"),
        ("public, then allowed",   Some(nothing()), public(),                    held,      "run"),
        ("public, then denied",    Some(nothing()), public(),                    not_held,  "403 insufficient-scope"),
        ("anonymous",              None,            public(),                    open,      "check 0"),
        ("anonymous, allowed",     None,            public(),                    held,      "run"),
        ("anonymous, denied",      None,            public(),                    not_held,  "401 missing-credentials"),
        ("anonymous elsewhere",    None,            with(needs(&BY_SCOPE)),      open,      "401 missing-credentials"),
    ];
    let sources = [Arc::new(tokens())];
    for (case, caller, formula, checks, expected) in table {
        let known = caller.as_ref().map_or(CallerFacts::Nobody, CallerFacts::Known);
        let facts = Facts { checks, sources: &sources, ..facts(known, OUTSIDE, Passed) };
        assert_eq!(answer(&decide(alone(rule(formula)), &facts)), expected, "{case}");
    }
}

#[test]
fn a_limited_credential_counts_as_anonymous_without_the_name() {
    // RIGHTS-14: the policy gets no caller.
    let public = rule(object(0, &BY_SCOPE, false));
    for (ceiling, counts) in [(Rights::new().scopes(["a"]), true), (Rights::new().scopes(["b"]), false)] {
        let caller = limited(ceiling);
        let facts = facts(CallerFacts::Known(&caller), OUTSIDE, Passed);
        let found = effective_caller(alone(public), &facts);
        assert_eq!(found.principal().is_some(), counts);
    }
    // RIGHTS-7
    let any_token = match object(0, &ACTION, true) {
        Formula::Literal(Literal { atom: Atom::Check(check), text, .. }) => {
            Formula::Literal(Literal { atom: Atom::Check(Check { any_token: true, ..check }), negated: false, text })
        }
        other => other,
    };
    let handler = Rule { any_token: Some("why"), ..*rule(any_token) };
    let caller = limited(Rights::new());
    let known = facts(CallerFacts::Known(&caller), OUTSIDE, Passed);
    assert_eq!(answer(&decide(alone(&handler), &known)), "check 0");
}

#[test]
fn objects_are_loaded_only_if_that_can_lead_to_a_grant() {
    // RIGHTS-6, H3: the checks that run, in order, if each holds.
    let (by_scope, closed) = (object(0, &BY_SCOPE, true), object(1, &ACTION, true));
    let ways = |parts: &[Formula]| join(Formula::Any, parts);
    let both = |parts: &[Formula]| join(Formula::All, parts);
    #[rustfmt::skip]
    let table = [
        (both(&[by_scope, closed]),                             vec![0, 1], vec![]),
        (ways(&[by_scope, closed]),                             vec![0],    vec![0]),
        (ways(&[both(&[closed, literal(is(Role("admin")))]), by_scope]), vec![0], vec![0]),
        (both(&[literal(is(Role("admin"))), by_scope]),         vec![],     vec![]),
    ];
    for (row, (formula, of_full, of_limited)) in table.into_iter().enumerate() {
        let callers = [(bearer(&["editor"]).principal(), of_full), (limited(Rights::new().scopes(["a"])), of_limited)];
        for (caller, expected) in callers {
            let (mut checks, mut ran) = (Checks::default(), Vec::new());
            let known = facts(CallerFacts::Known(&caller), OUTSIDE, Passed);
            while let Decision::Check(index) = decide(alone(rule(formula)), &Facts { checks, ..known }) {
                checks = checks.with(index, true);
                ran.push(index);
            }
            assert_eq!(ran, expected, "row {row}, limited: {}", caller.is_limited());
        }
    }
}
