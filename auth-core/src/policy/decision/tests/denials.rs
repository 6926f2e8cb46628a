//! Tests of the content of denials: scopes, step-up, schemes, and the callers that receive them.

use super::enumerated::{could_be, holding};
use super::*;

fn denied(decision: Decision) -> Option<Denial> {
    match decision {
        Decision::Deny(denial) => Some(denial),
        Decision::Allow
        | Decision::Verify
        | Decision::AskRights(_)
        | Decision::AskDefaultTenant
        | Decision::Check(_) => None,
    }
}

#[test]
fn insufficient_scope_names_the_minimal_sufficient_scopes() {
    // BEARER-10, L3, over random formulas: the named scopes are sufficient with what the caller has, nothing less is sufficient,
    // and scopes are named whenever they are sufficient.
    const ALL: [&str; 4] = ["a", "b", "c", "d"];
    let callers: Vec<_> = callers().into_iter().filter(|caller| caller.scheme == Bearer).collect();
    let outcome = runner(1000).run(&tree(|what| matches!(what, Scope(_) | Org(_))), |tree| {
        let rule = rule(tree.formula());
        for caller in &callers {
            let Some(denial) = denied(decided(rule, Some(caller), INSIDE, Passed)) else { continue };
            let runs_with = |scopes: &[&'static str]| {
                decided(rule, Some(&Login { scopes: scopes.into(), ..caller.clone() }), INSIDE, Passed)
                    == Decision::Allow
            };
            let missing = |scopes: &[&'static str]| {
                (scopes.iter().filter(|scope| !caller.scopes.contains(scope)).count(), scopes.len())
            };
            let least = subsets(&ALL).iter().filter(|scopes| runs_with(scopes)).map(|scopes| missing(scopes)).min();
            match &denial.reason {
                Reason::InsufficientScope(scopes) => {
                    prop_assert!(runs_with(scopes), "{scopes:?} is not enough for {tree:?} of {caller:?}");
                    prop_assert_eq!(Some(missing(scopes)), least, "{:?} for {:?} of {:?}", scopes, tree, caller);
                }
                Reason::StepUpRequired(_) => {} // another login would also help, and 401 comes first
                _ => prop_assert_eq!(least, None, "{:?} for {:?} of {:?}", denial, tree, caller),
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn step_up_names_a_minimal_sufficient_login() {
    // STEP-1, STEP-2: a login that is as recent and as strong as the challenge requires is sufficient, and nothing less is.
    let callers: Vec<_> = callers().into_iter().filter(|caller| caller.scheme == Bearer && !caller.acts).collect();
    let outcome = runner(1000).run(&tree(|what| matches!(what, What::MaxAge(_) | What::Acr(_) | Role(_))), |tree| {
        let rule = rule(tree.formula());
        for caller in &callers {
            let Some(Denial { reason: Reason::StepUpRequired(ask), .. }) =
                denied(decided(rule, Some(caller), INSIDE, Passed))
            else {
                continue;
            };
            let runs_with = |age: Option<u64>, acr: Option<&'static str>| {
                let (age, acr) = (age.or(caller.age), acr.or(caller.acr));
                let login = Login { age, acr, acts: false, ..caller.clone() };
                decided(rule, Some(&login), INSIDE, Passed) == Decision::Allow
            };
            let max_age = ask.max_age.map(u64::from);
            let named: Vec<_> = match ask.acr_values.as_slice() {
                [] => vec![(max_age, None)],
                values => values.iter().map(|value| (max_age, Some(*value))).collect(),
            };
            let parameters =
                |(age, acr): (Option<u64>, Option<&str>)| usize::from(age.is_some()) + usize::from(acr.is_some());
            let every = [None, Some(60), Some(3600)].map(|age| [None, Some("1"), Some("2")].map(|acr| (age, acr)));
            let enough = every.as_flattened().iter().copied().filter(|(age, acr)| runs_with(*age, *acr));
            match enough.map(parameters).min() {
                None => prop_assert_eq!(ask, StepUp::default(), "no login would do for {:?} of {:?}", tree, caller),
                Some(least) => {
                    for (age, acr) in named {
                        prop_assert!(runs_with(age, acr), "{ask:?} is not enough for {tree:?} of {caller:?}");
                        prop_assert_eq!(
                            parameters((age, acr)),
                            least,
                            "{:?} is too much for {:?} of {:?}",
                            ask,
                            tree,
                            caller
                        );
                    }
                }
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn known_caller_denial_names_only_sufficient_remedies() {
    // BEARER-10, L3, STEP-1, STEP-2: (rule, caller, problem, named scopes or step-up)
    let (nothing, a) = (silent(), Login { scopes: vec!["a"], ..silent() });
    let old = Login { age: Some(600), acr: Some("1"), ..bearer(&["admin"]) };
    let (a_or_b, fresh) = (any([is(Scope("b")), is(Scope("a"))]), is(What::MaxAge(60)));
    let admin = is(Role("admin"));
    #[rustfmt::skip]
    let table = [
        (all([is(Scope("a")), is(Scope("b"))]),              &a,         "insufficient-scope",       "a b"), // including what it has
        (a_or_b,                                             &nothing,   "insufficient-scope",       "b"),
        (Formula::All(Box::leak(Box::new([a_or_b, literal(is(Scope("c")))]))), &a, "insufficient-scope", "a c"),
        (any([is(Scope("a")), admin]),                       &nothing,   "insufficient-scope",       "a"),
        (all([is(Scope("a")), admin]),                       &nothing,   "insufficient-permissions", ""),
        (all([is(Scope("a")), is(Org("acme"))]),             &nothing,   "insufficient-permissions", ""),
        (all([is(Scope("a")), fresh]),                       &old,       "insufficient-permissions", ""),
        (all([is(Scope("a")), not(Role("suspended"))]),      &old,       "insufficient-scope",       "a"),
        (all([is(Scope("a")), not(Role("suspended"))]),      &nothing,   "insufficient-permissions", ""), // does not list roles
        (all([is(Scope("a"))]),                              &basic(&[]), "insufficient-permissions", ""), // has no scopes
        (all([is(Permission("posts:write"))]),               &nothing,   "insufficient-permissions", ""),
        (all([is(What::MaxAge(60)), is(What::MaxAge(300))]), &nothing,   "step-up-required",         "60 "),
        (any([is(What::MaxAge(60)), is(What::Acr("2"))]),    &old,       "step-up-required",         "60 "), // one of two ways
        (all([is(What::MaxAge(60)), is(What::Acr("2"))]),    &old,       "step-up-required",         "60 2"),
        (all([is(What::MaxAge(60)), is(What::Acr("1"))]),    &old,       "step-up-required",         "60 "),
        (any([is(What::Acr("2")), is(What::Acr("3"))]),      &old,       "step-up-required",         " 2"),
        (any([is(By(Basic)), is(What::Acr("2"))]),           &old,       "step-up-required",         " 2"),
        (all([admin, fresh]),                                &old,       "step-up-required",         "60 "),
        (all([admin, fresh]),                                &nothing,   "insufficient-permissions", ""),
        (all([is(By(Basic))]),                               &old,       "step-up-required",         " "),
        (any([fresh, is(Scope("a"))]),                       &old,       "step-up-required",         "60 "),
    ];
    for (formula, caller, problem, expected) in table {
        let denial = denied(decided(rule(formula), Some(caller), OUTSIDE, Passed)).unwrap();
        let named = match &denial.reason {
            Reason::InsufficientScope(scopes) => scopes.join(" "),
            Reason::StepUpRequired(ask) => {
                format!("{} {}", ask.max_age.map_or(String::new(), |age| age.to_string()), ask.acr_values.join(" "))
            }
            _ => String::new(),
        };
        assert_eq!(
            (denial.reason.response().problem, named.as_str()),
            (problem, expected),
            "{formula:?} of {caller:?}"
        );
        assert_eq!(denial.scheme, Some(caller.scheme));
    }
    // A scope that the issuer may not confer would be dropped from the next token too.
    let partner = Issuer { confers: Confers::nothing().scopes(["b"]), ..tokens() };
    let principal = Principal::from_claims(Arc::new(partner), r#"{"sub":"alice"}"#.to_owned()).unwrap();
    for (scope, expected) in [("a", "403 insufficient-permissions"), ("b", "403 insufficient-scope")] {
        let decision =
            decide(alone(rule(all([is(Scope(scope))]))), &facts(CallerFacts::Known(&principal), OUTSIDE, Passed));
        assert_eq!(answer(&decision), expected, "{scope}");
    }
}

#[test]
fn denial_names_only_schemes_that_could_satisfy_the_rule() {
    // HTTP-20
    let tokens_of = |confers| Issuer { confers, ..tokens() };
    let partner = || tokens_of(Confers::nothing().roles(["editor"]).acr(["1"]).claims(["team"]));
    let no_lists = || Issuer { lists: vec![], ..tokens() };
    #[rustfmt::skip]
    let table = [
        (is(Anyone),                        tokens(),   "Bearer Basic"),
        (is(Role("admin")),                 tokens(),   "Bearer Basic"),
        (not(Role("suspended")),            tokens(),   "Bearer Basic"),
        (is(What::OpenRole("admin")),       tokens(),   "Bearer Basic"),
        (is(Permission("posts:write")),     tokens(),   "Bearer Basic"), // a user's role grants it
        (is(Permission("posts:purge")),     tokens(),   "Bearer"),       // no role grants it
        (is(Scope("a")),                    tokens(),   "Bearer"),
        (is(Org("acme")),                   tokens(),   "Bearer"),
        (not(Org("acme")),                  tokens(),   "Bearer"),
        (is(What::Acr("2")),                tokens(),   "Bearer"),
        (is(What::MaxAge(60)),              tokens(),   "Bearer Basic"),
        (is(By(Basic)),                     tokens(),   "Basic"),
        (is(By(Bearer)),                    tokens(),   "Bearer"),
        (is(Role("editor")),                partner(),  "Bearer Basic"),
        (is(Role("admin")),                 partner(),  "Basic"),
        (not(Role("suspended")),            partner(),  "Basic"),
        (is(What::OpenRole("editor")),      partner(),  "Bearer Basic"),
        (is(What::OpenRole("admin")),       partner(),  "Basic"),
        (is(Permission("posts:write")),     partner(),  "Bearer Basic"), // through the role that it may confer
        (is(Permission("posts:purge")),     partner(),  ""),
        (is(Scope("a")),                    partner(),  ""),
        (is(Org("acme")),                   partner(),  ""),
        (is(What::Acr("1")),                partner(),  "Bearer"),
        (is(What::Acr("2")),                partner(),  ""),
        (is(Role("admin")),                 no_lists(), "Basic"),
        (not(Role("suspended")),            no_lists(), "Basic"),
        (is(Permission("posts:write")),     no_lists(), "Basic"),
        (is(Scope("a")),                    no_lists(), ""),
    ];
    let refused = Denial::refused(Bearer, Reason::InvalidCredentials, "why");
    for (asked, tokens, expected) in table {
        let sources = [Arc::new(tokens), Arc::new(users())];
        for caller in [CallerFacts::Nobody, CallerFacts::Refused(&refused)] {
            let facts = Facts { sources: &sources, ..facts(caller, OUTSIDE, Passed) };
            let denial = denied(decide(alone(rule(all([asked]))), &facts)).unwrap();
            let named: Vec<_> =
                SchemeId::BUILT_IN.into_iter().filter(|scheme| denial.schemes.contains(*scheme)).collect();
            assert_eq!(
                named.iter().map(|scheme| scheme.name()).collect::<Vec<_>>().join(" "),
                expected,
                "{asked:?} {caller:?}"
            );
        }
    }
    // Each scheme satisfies one part, and none satisfies both. Nothing helps, and a 401 names all schemes rather than none
    // (HTTP-5).
    let sources = [Arc::new(tokens()), Arc::new(users())];
    let facts = Facts { sources: &sources, ..facts(CallerFacts::Nobody, OUTSIDE, Passed) };
    let denial = denied(decide(alone(rule(all([is(By(Basic)), is(Scope("a"))]))), &facts)).unwrap();
    assert_eq!((denial.schemes, lines(&denial).len()), (SchemeSet::NONE, 2));
}

fn bare(scheme: SchemeId) -> &'static str {
    match scheme {
        Bearer => r#"Bearer realm="r""#,
        _ => r#"Basic realm="r", charset="UTF-8""#,
    }
}

/// Returns the challenges of a server that accepts both schemes.
fn lines(denial: &Denial) -> Vec<String> {
    let line = |challenge: Challenge<'_>| bare(challenge.scheme).to_owned() + &challenge.parameters();
    challenges(denial, &[Bearer, Basic], false).map(line).collect()
}

/// For each place and each scheme, the literals that hold for the callers that an anonymous caller could turn out to be.
type Could = [(Option<&'static str>, CrossSite, [(SchemeId, BTreeSet<u32>); 2]); 4];

fn strangers() -> Could {
    let strangers = could_be(None);
    PLACES.map(|(client, cross_site)| {
        let by = |scheme| strangers.iter().filter(move |login| login.scheme == scheme);
        let could = |scheme| by(scheme).map(|login| holding(Some(login), client, cross_site)).collect();
        (client, cross_site, [Bearer, Basic].map(|scheme| (scheme, could(scheme))))
    })
}

#[test]
fn anonymous_denial_has_bare_challenges_for_usable_schemes() {
    // BEARER-6, STEP-2, HTTP-5, over random formulas: challenges are bare, and include all schemes that could help.
    let (places, sources) = (strangers(), [Arc::new(tokens()), Arc::new(users())]);
    let outcome = runner(300).run(&tree(|_| true), |tree| {
        let rules = alone(rule(tree.formula()));
        for (client, cross_site, could) in &places {
            let facts = Facts { sources: &sources, ..facts(CallerFacts::Nobody, *client, *cross_site) };
            let Some(denial) = denied(decide(rules, &facts)) else { continue };
            let unauthorized = denial.reason == Reason::MissingCredentials;
            prop_assert!(unauthorized || denial.reason.response().status == 403);
            let lines = lines(&denial);
            prop_assert_eq!(lines.is_empty(), !unauthorized);
            prop_assert!(lines.iter().all(|line| [bare(Bearer), bare(Basic)].contains(&line.as_str())), "{lines:?}");
            for (scheme, could) in could {
                let helps = could.iter().any(|bits| tree.holds(*bits));
                prop_assert!(!helps || denial.schemes.contains(*scheme), "{scheme:?} for {tree:?} from {client:?}");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn satisfiable_rules_are_recognized_before_any_request() {
    // Start-up rejects only rules that none of the configured schemes can ever satisfy.
    let (places, sources) = (strangers(), [tokens(), users()]);
    let outcome = runner(300).run(&tree(|_| true), |tree| {
        let rules = alone(rule(tree.formula()));
        for (client, cross_site, could) in &places {
            let runs = decide(rules, &facts(CallerFacts::Nobody, *client, *cross_site)) == Decision::Allow;
            prop_assert!(!runs || rules.admit_strangers(), "{tree:?} from {client:?}");
            for ((scheme, could), source) in could.iter().zip(&sources) {
                let runs = could.iter().any(|bits| tree.holds(*bits));
                let known = rules.could_hold_somewhere(&facts(CallerFacts::Hypothetical(source), NOT_KNOWN, Passed));
                prop_assert!(!runs || known, "{scheme:?} for {tree:?} from {client:?}");
            }
        }
        Ok(())
    });
    outcome.unwrap();
    #[rustfmt::skip]
    let table = [
        (all([]),                           true,  [true, true]),
        (any([]),                           false, [false, false]),
        (all([is(Inside), not(Inside)]),    true,  [true, true]), // evaluated literal by literal
        (all([is(Inside), is(Scope("a"))]), false, [true, false]),
        (all([is(By(Basic)), is(Scope("a"))]), false, [false, false]),
        (any([is(Inside), is(Scope("a"))]), true,  [true, true]),
    ];
    for (formula, strangers, schemes) in table {
        let rules = alone(rule(formula));
        let could = |source| rules.could_hold_somewhere(&facts(CallerFacts::Hypothetical(source), NOT_KNOWN, Passed));
        assert_eq!((rules.admit_strangers(), sources.each_ref().map(could)), (strangers, schemes), "{formula:?}");
    }
}
