//! Tests of checks about objects: when they run, for which caller, and what limited credentials need.

use super::*;
use crate::policy::atom::{Check, ObjectAction, Tenancy};
use crate::policy::facts::Checks;

/// An action without a name, which is closed to limited credentials.
pub(super) const ACTION: ObjectAction = ObjectAction {
    path: "id",
    at: None,
    types: || (std::any::TypeId::of::<u8>(), std::any::TypeId::of::<u8>()),
    resource: || "app::Post",
    action: || "app::Edit",
    required: None,
    admits_anonymous: false,
    tenancy: Tenancy::None,
    deps: std::any::TypeId::of::<()>,
    deps_name: || "()",
    list: None,
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
    let uncounted = asked.with_uncounted(0);
    let (as_anonymous, not_as_anonymous) = (asked.with_anonymous(0, true), asked.with_anonymous(0, false));
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
        ("public, then allowed",   Some(nothing()), public(),                    as_anonymous, "run"),
        ("public, then denied",    Some(nothing()), public(),                    not_as_anonymous, "403 insufficient-scope"),
        // A result for the caller is not one for an anonymous caller.
        ("public, held for it",    Some(nothing()), public(),                    held,      "check 0"),
        ("public, not for it",     Some(scope()),   public(),                    not_held,  "check 0"),
        ("public, full, denied",   Some(full()),    public(),                    not_held,  "403 insufficient-permissions"),
        ("anonymous",              None,            public(),                    open,      "check 0"),
        ("anonymous, allowed",     None,            public(),                    as_anonymous, "run"),
        ("anonymous, denied",      None,            public(),                    not_as_anonymous, "401 missing-credentials"),
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

/// A formula over objects and names.
#[derive(Clone, Debug)]
enum Part {
    Anyone,
    Scope,
    /// An object, by its position among those of the formula.
    Object,
    All(Vec<Part>),
    Any(Vec<Part>),
}

/// What is known about one object: whether its action requires the scope or the permission, or no name, whether the caller has the
/// permission in its tenant, and what the policy decides about the caller and about an anonymous one.
#[derive(Clone, Copy, Debug)]
struct Known {
    requires: Option<bool>,
    has_it_there: bool,
    allows: bool,
    allows_anonymous: bool,
}

/// A caller: anonymous, or with a ceiling that may contain the scope and the permission. `None` is a credential without a ceiling.
type CallerOf = Option<Option<(bool, bool)>>;

impl Part {
    fn formula(&self, next: &mut u8, known: &[Known], is_public: bool) -> Formula {
        match self {
            Self::Anyone => literal(is(Anyone)),
            Self::Scope => literal(is(Scope("a"))),
            Self::Object => {
                let required = known[usize::from(*next)].requires.map(|is_scope| match is_scope {
                    true => SCOPES.name("a"),
                    false => PERMISSIONS.name("posts:write"),
                });
                let action = ObjectAction { required, admits_anonymous: is_public, ..ACTION };
                let formula = object(*next, Box::leak(Box::new(action)), !is_public);
                *next += 1;
                formula
            }
            Self::All(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.formula(next, known, is_public)).collect();
                join(Formula::All, &parts)
            }
            Self::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.formula(next, known, is_public)).collect();
                join(Formula::Any, &parts)
            }
        }
    }

    /// Returns whether the formula holds, and whether it does so by a name. `caller` is `None` for an anonymous one.
    fn holds(&self, next: &mut usize, known: &[Known], caller: CallerOf, is_public: bool) -> (bool, bool) {
        let each = |parts: &[Self], next: &mut usize| -> Vec<(bool, bool)> {
            parts.iter().map(|part| part.holds(next, known, caller, is_public)).collect()
        };
        match self {
            Self::Anyone => (caller.is_some(), false),
            Self::Scope => {
                let has = matches!(caller, Some(None | Some((true, _))));
                (has, has)
            }
            Self::Object => {
                let one = known[*next];
                *next += 1;
                let holds = match caller {
                    None => is_public && one.allows_anonymous,
                    Some(None) => one.allows,
                    Some(Some((scope, permission))) => {
                        let counts = match one.requires {
                            Some(true) => scope,
                            Some(false) => permission && one.has_it_there,
                            None => false,
                        };
                        counts && one.allows
                    }
                };
                (holds, holds)
            }
            Self::All(parts) => {
                let parts = each(parts, next);
                let all = parts.iter().all(|(holds, _)| *holds);
                (all, all && parts.iter().any(|(_, by_name)| *by_name))
            }
            Self::Any(parts) => {
                let parts = each(parts, next);
                (parts.iter().any(|(holds, _)| *holds), parts.iter().any(|(_, by_name)| *by_name))
            }
        }
    }

    fn objects(&self) -> usize {
        match self {
            Self::Anyone | Self::Scope => 0,
            Self::Object => 1,
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::objects).sum(),
        }
    }
}

fn parts() -> impl Strategy<Value = Part> {
    let leaf = prop_oneof![Just(Part::Anyone), Just(Part::Scope), Just(Part::Object), Just(Part::Object)];
    leaf.prop_recursive(3, 8, 3, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Part::All), parts.prop_map(Part::Any)]
    })
}

#[test]
fn rules_about_objects_agree_with_a_second_evaluator() {
    // RIGHTS-6, RIGHTS-8, RIGHTS-14, OBJ-12, OBJ-14
    let known = (proptest::option::of(proptest::bool::ANY), proptest::array::uniform3(proptest::bool::ANY));
    let known = known.prop_map(|(requires, [has_it_there, allows, allows_anonymous])| Known {
        requires,
        has_it_there,
        allows,
        allows_anonymous,
    });
    let ceiling = proptest::option::of((proptest::bool::ANY, proptest::bool::ANY));
    let world = (parts(), proptest::collection::vec(known, 9), proptest::option::of(ceiling), proptest::bool::ANY);
    let sources = [Arc::new(tokens())];
    let outcome = runner(3000).run(&world, |(part, known, caller, is_public)| {
        prop_assume!(part.objects() <= known.len());
        let rule = rule(part.formula(&mut 0, &known, is_public));
        let full = Login { scopes: vec!["a"], ..bearer(&[]) }.principal();
        let principal = caller.map(|ceiling| match ceiling {
            None => full.clone(),
            Some((scope, permission)) => full.clone().with_ceiling(
                Rights::new().scopes(scope.then_some("a")).permissions(permission.then_some("posts:write")),
            ),
        });
        let facts_of = principal.as_ref().map_or(CallerFacts::Nobody, CallerFacts::Known);
        let facts = Facts { sources: &sources, ..facts(facts_of, OUTSIDE, Passed) };
        let mut checks = Checks::default();
        let decision = loop {
            let now = Facts { checks, ..facts };
            match decide(alone(rule), &now) {
                Decision::Check(index) => {
                    // The engine loads the object and asks its policy, for the caller that counts.
                    let one = known[usize::from(index)];
                    let before = checks;
                    checks = match effective_caller(alone(rule), &now).principal() {
                        None => checks.with_anonymous(index, one.allows_anonymous),
                        Some(caller) if caller.is_limited() && one.requires == Some(false) && !one.has_it_there => {
                            checks.with_uncounted(index)
                        }
                        Some(_) => checks.with(index, one.allows),
                    };
                    prop_assert!(before != checks, "check {} runs again: {:?}", index, part);
                }
                other => break other,
            }
        };
        let holds = |caller| part.holds(&mut 0, &known, caller, is_public);
        let (held, by_name) = holds(caller);
        let is_limited = matches!(caller, Some(Some(_)));
        let expected = held && (by_name || !is_limited) || is_limited && holds(None).0;
        prop_assert_eq!(decision == Decision::Allow, expected, "{:?} {:?} {:?} {}", part, known, caller, is_public);
        Ok(())
    });
    outcome.unwrap();
}
