//! Tests of the order of the steps: each step against each later one.

use super::*;

/// A request that triggers some of the steps, for comparison with the list of the contract.
struct Triggers<'a> {
    set_up: bool,
    refusal: Option<RequestRefusal>,
    /// `role`, `network`, a combination of both, or `public`.
    rule: &'static str,
    reads_principal: bool,
    caller: CallerFacts<'a>,
    /// The result of step 4 or 5, or of 7 to 9, for the credential. For a verified credential, its role.
    credential: &'static str,
    ambient: bool,
    client: Option<&'static str>,
    cross_site: CrossSite,
}

impl Triggers<'_> {
    /// Returns the result that the contract requires, from the first step to the last, and whether it is the credential's own
    /// denial.
    fn expected(&self) -> (&'static str, bool) {
        let looks_at_credentials = self.reads_principal || self.rule.contains("role");
        let network = self.client == INSIDE && self.cross_site != Failed;
        let role = self.credential == "admin";
        let known = matches!(self.caller, CallerFacts::Known(_));
        let malformed_or_throttled = self.credential.starts_with("400") || self.credential.starts_with("429");
        if self.set_up {
            return ("500 set-up", false);
        }
        match self.refusal {
            Some(RequestRefusal::AddressBlocked | RequestRefusal::NotLocal) => return ("403 access-blocked", false),
            Some(RequestRefusal::OtherHost | RequestRefusal::OtherSite) => return ("403 cross-site-request", false),
            None => {}
        }
        if matches!(self.rule, "network" | "role && network") && !network {
            return (if self.client == INSIDE { "403 cross-site-request" } else { "403 access-blocked" }, false);
        }
        if looks_at_credentials && malformed_or_throttled {
            return (self.credential, true);
        }
        if looks_at_credentials && self.ambient && self.cross_site == Failed {
            return ("403 cross-site-request", false);
        }
        if looks_at_credentials && !known && !self.credential.is_empty() {
            return (self.credential, true);
        }
        let holds = match self.rule {
            "role" => role,
            "role || network" => role || network,
            "role && network" => role && network,
            _ => true,
        };
        match (holds, known) {
            (true, _) => ("run", false),
            (false, true) => ("403 insufficient-permissions", false),
            (false, false) => ("401 missing-credentials", false),
        }
    }

    fn decide(&self) -> Decision {
        let (role, inside) = (is(Role("admin")), is(Inside));
        let formula = match self.rule {
            "role" => all([role]),
            "role || network" => any([role, inside]),
            "role && network" => all([role, inside]),
            "network" => all([inside]),
            _ => PUBLIC,
        };
        let handler = Rule { reads: reads(self.reads_principal), ..*rule(formula) };
        let set_up = self.set_up.then_some("why");
        let facts = Facts { set_up, refusal: self.refusal, ..facts(self.caller, self.client, self.cross_site) };
        decide(alone(&handler), &facts)
    }
}

const fn reads(principal: bool) -> CallerAccess {
    if principal { CallerAccess::Caller } else { CallerAccess::Nothing }
}

#[test]
fn earliest_applicable_decision_step_determines_the_result() {
    // H1, C5, "The order for a request": each step against each later one, in every request that triggers both.
    let after = RetryAfter::seconds(7);
    let refused = |scheme, reason| Denial::refused(scheme, reason, "why");
    #[rustfmt::skip]
    let denials = [
        (Denial::new(Reason::MalformedCredentials),                  "400 malformed-credentials"), // two header lines
        (refused(Bearer, Reason::MalformedCredentials),              "400 malformed-credentials"),
        (refused(Basic,  Reason::MalformedCredentials),              "400 malformed-credentials"),
        (refused(Basic,  Reason::TooManyAttempts(after)),            "429 too-many-attempts"),
        (refused(Bearer, Reason::AuthenticationUnavailable(after)),  "503 authentication-unavailable"),
        (refused(Basic,  Reason::AuthenticationUnavailable(after)),  "503 authentication-unavailable"),
        (refused(Bearer, Reason::InvalidCredentials),                "401 invalid-credentials"),
        (refused(Basic,  Reason::InvalidCredentials),                "401 invalid-credentials"),
        (refused(Bearer, Reason::ExpiredCredentials),                "401 expired-credentials"),
        (refused(Bearer, Reason::RevokedCredentials),                "401 revoked-credentials"),
        (refused(Bearer, Reason::AccessBlocked),                     "403 access-blocked"),
        (refused(Basic,  Reason::AccessBlocked),                     "403 access-blocked"),
    ];
    let known =
        [bearer(&["admin"]), bearer(&["viewer"]), basic(&["admin"]), basic(&["viewer"])].map(|login| login.principal());
    let mut credentials = vec![
        (CallerFacts::Nobody, false, ""),
        (CallerFacts::Presented(Bearer), false, "verify"),
        (CallerFacts::Presented(Basic), true, "verify"),
    ];
    credentials.extend(
        denials.iter().map(|(denial, says)| (CallerFacts::Refused(denial), denial.scheme == Some(Basic), *says)),
    );
    credentials.extend(
        known
            .iter()
            .zip(["admin", "", "admin", ""])
            .map(|(principal, role)| (CallerFacts::Known(principal), principal.scheme() == Basic, role)),
    );
    let places =
        [INSIDE, OUTSIDE, NOT_KNOWN].map(|client| [Passed, Unsaid, Failed].map(|cross_site| (client, cross_site)));
    let mut requests = Vec::new();
    use RequestRefusal::{AddressBlocked, NotLocal, OtherHost, OtherSite};
    let refusals = [None, Some(AddressBlocked), Some(NotLocal), Some(OtherHost), Some(OtherSite)];
    let firsts = refusals.map(|refusal| [(false, refusal), (true, refusal)]);
    for (set_up, refusal) in firsts.as_flattened().iter().copied() {
        for rule in ["role", "role || network", "role && network", "network", "public"] {
            for (client, cross_site) in places.as_flattened().iter().copied() {
                requests.extend(credentials.iter().flat_map(|&(caller, ambient, credential)| {
                    [false, true].map(|reads_principal| Triggers {
                        set_up,
                        refusal,
                        rule,
                        reads_principal,
                        caller,
                        credential,
                        ambient,
                        client,
                        cross_site,
                    })
                }));
            }
        }
    }
    let mut seen = BTreeSet::new();
    for request in requests {
        let (decision, (expected, own)) = (request.decide(), request.expected());
        let Triggers { set_up, refusal, rule, reads_principal, caller, client, cross_site, .. } = request;
        let case = format!("{rule} {set_up} {refusal:?} {reads_principal} {caller:?} {client:?} {cross_site:?}");
        assert_eq!(answer(&decision), expected, "{case}");
        if let (true, Decision::Deny(found), CallerFacts::Refused(denial)) = (own, &decision, caller) {
            let unchanged = |denial: &Denial| (denial.reason.clone(), denial.scheme, denial.cause);
            assert_eq!(unchanged(found), unchanged(denial), "{case}");
        }
        seen.insert(answer(&decision));
    }
    assert_eq!(seen.len(), 13, "each answer of the order occurs: {seen:?}");
}

#[test]
fn refused_credential_denial_is_independent_of_extractors() {
    // H1: the three sentences of the contract, and C5, each with and without `Option<Principal>`.
    let expired = Denial::refused(Bearer, Reason::ExpiredCredentials, "the token has expired");
    let wrong = Denial::refused(Basic, Reason::InvalidCredentials, "the name or the password is wrong");
    let role = is(Role("admin"));
    #[rustfmt::skip]
    let table = [
        ("from a blocked network",                       all([role, not(Inside)]), INSIDE,  Passed, &expired, "403 access-blocked"),
        ("from inside, where inside is enough",          any([role, is(Inside)]),  INSIDE,  Passed, &expired, "401 expired-credentials"),
        ("from outside, where inside would do",          any([role, is(Inside)]),  OUTSIDE, Passed, &expired, "401 expired-credentials"),
        ("a form of another site, Basic sent along",     all([role]),              OUTSIDE, Failed, &wrong,   "403 cross-site-request"),
        ("a form of another site, sent from inside",     all([is(Inside)]),        INSIDE,  Failed, &wrong,   "403 cross-site-request"),
        ("another site, with a token",                   all([is(Inside)]),        INSIDE,  Failed, &expired, "403 cross-site-request"),
        ("another site, rule requires outside",          all([not(Inside), role]), OUTSIDE, Failed, &expired, "401 expired-credentials"),
        ("a client without Sec-Fetch-Site",              all([role]),              OUTSIDE, Unsaid, &wrong,   "401 invalid-credentials"),
    ];
    for (case, formula, client, cross_site, refused, expected) in table {
        for reads_principal in [false, true] {
            let handler = Rule { reads: reads(reads_principal), ..*rule(formula) };
            let facts = facts(CallerFacts::Refused(refused), client, cross_site);
            assert_eq!(answer(&decide(alone(&handler), &facts)), expected, "{case}, reads: {reads_principal}");
        }
    }
}

#[test]
fn credentials_are_verified_only_if_rule_or_handler_needs_them() {
    let public = rule(PUBLIC);
    let environment = rule(any([is(Inside), not(Inside)]));
    let reading: &'static Rule = Box::leak(Box::new(Rule { reads: CallerAccess::Caller, ..*public }));
    let hidden: &'static Rule = Box::leak(Box::new(Rule { not_found: true, ..*public }));
    for asked in LITERALS {
        let about_caller = !matches!(asked.what, Inside);
        let asking = rule(Formula::Any(Box::leak(Box::new([PUBLIC, literal(asked)]))));
        assert_eq!(alone(asking).facts_needed().caller, about_caller, "{asked:?}");
        for rules in
            [Rules { scopes: &[asking], handler: public }, Rules { scopes: &[public, asking], handler: environment }]
        {
            assert_eq!(rules.facts_needed().caller, about_caller, "{asked:?} of a scope");
            let decision = decide(rules, &facts(CallerFacts::Presented(Bearer), OUTSIDE, Passed));
            assert_eq!(answer(&decision), if about_caller { "verify" } else { "run" }, "{asked:?} of a scope");
        }
    }
    #[rustfmt::skip]
    let table: [(&[&'static Rule], &Rule, bool, bool); 5] = [
        (&[],            public,      false, false),
        (&[environment], environment, false, false),
        (&[environment], reading,     true,  false),
        (&[hidden],      public,      false, true),
        (&[],            hidden,      false, true),
    ];
    for (scopes, handler, reads, not_found) in table {
        let rules = Rules { scopes, handler };
        assert_eq!((rules.facts_needed().caller, rules.not_found()), (reads, not_found), "{rules:?}");
    }
}

#[test]
fn unreachable_source_is_503_only_if_it_is_decisive() {
    // No literal has such a truth yet, so only the step is tested.
    let rules = alone(rule(Formula::Any(&[])));
    let facts = facts(CallerFacts::Nobody, OUTSIDE, Passed);
    #[rustfmt::skip]
    let table = [
        (Truth::OUT_OF_REACH,                   "503 authentication-unavailable"),
        (Truth::OUT_OF_REACH.and(Truth::COULD), "503 authentication-unavailable"),
        (Truth::OUT_OF_REACH.or(Truth::NO),     "503 authentication-unavailable"),
        (Truth::OUT_OF_REACH.and(Truth::NO),    "403 access-blocked"),
        (Truth::NO,                             "403 access-blocked"),
        (Truth::OUT_OF_REACH.or(Truth::COULD),  "undecided"),
        (Truth::OUT_OF_REACH.or(Truth::HOLDS),  "undecided"),
    ];
    for (truth, expected) in table {
        let case = DecisionInput { rules, facts: &facts, truth };
        let step = false_whatever_the_credential(&case);
        assert_eq!(step.as_ref().map_or("undecided".to_owned(), answer), expected, "{truth:?}");
    }
}

#[test]
fn cross_site_cookie_is_denied_or_ignored_on_public_routes() {
    // CSRF-1, CSRF-2, CSRF-5, M5: the result of each rule for a cookie that is valid, has ended, or is not verified yet.
    let source = Arc::new(Issuer { scheme: SchemeId::Session, ..tokens() });
    let alice = Principal::from_claims(source, r#"{"sub":"alice","roles":["admin"]}"#.to_owned()).unwrap();
    let refused = |reason| Denial::refused(SchemeId::Session, reason, "");
    let ended = refused(Reason::RevokedCredentials);
    let away = refused(Reason::AuthenticationUnavailable(RetryAfter::seconds(1)));
    let (good, dead, down) = (CallerFacts::Known(&alice), CallerFacts::Refused(&ended), CallerFacts::Refused(&away));
    let fresh = CallerFacts::Presented(SchemeId::Session);
    let [public, copes] =
        [CallerAccess::Caller, CallerAccess::CallerOrOutage].map(|reads| Rule { reads, ..crate::policy::rule::PUBLIC });
    let (public, copes) = (alone(&public), alone(&copes));
    let copes_inside = Rule { reads: CallerAccess::CallerOrOutage, ..*rule(any([is(Role("admin")), is(Inside)])) };
    let copes_inside = alone(&copes_inside);
    let wrong = refused(Reason::InvalidCredentials);
    let wrong = CallerFacts::Refused(&wrong);
    let admin = alone(rule(all([is(Role("admin"))])));
    let inside = alone(rule(any([is(Role("admin")), is(Inside)])));
    #[rustfmt::skip]
    let table = [
        (admin,   good,  Passed, "run",                          Some(true)),
        (admin,   fresh, Passed, "verify",                       None),
        (admin,   good,  Failed, "403 cross-site-request",       Some(true)),
        (admin,   fresh, Failed, "403 cross-site-request",       None),
        (admin,   good,  Unsaid, "403 cross-site-request",       Some(true)),
        (admin,   dead,  Passed, "401 revoked-credentials",      None),
        (admin,   down,  Passed, "503 authentication-unavailable", None),
        (inside,  good,  Passed, "run",                          Some(true)),
        (inside,  dead,  Passed, "run",                          Some(false)),
        // The network is ambient too. It does not hold for a page of another site, so no request passes without the cookie.
        (inside,  good,  Failed, "403 cross-site-request",       Some(true)),
        (public,  good,  Passed, "run",                          Some(true)),
        (public,  good,  Failed, "run",                          Some(false)),
        (public,  fresh, Failed, "run",                          Some(false)),
        (public,  fresh, Unsaid, "run",                          Some(false)),
        (public,  fresh, Passed, "verify",                       None),
        (public,  dead,  Passed, "run",                          Some(false)),
        (public,  down,  Passed, "503 authentication-unavailable", None), // M14: never `None`
        (copes,   down,  Passed, "run",                          Some(false)), // unless the handler accepts outages
        (copes,   down,  Failed, "run",                          Some(false)),
        (copes,   good,  Passed, "run",                          Some(true)),
        (copes,   fresh, Passed, "verify",                       None),
        (copes,   wrong, Passed, "401 invalid-credentials",      None),
        (copes_inside, down, Passed, "run",                      Some(false)),
        (copes_inside, down, Failed, "403 cross-site-request",   None),
    ];
    for (rules, caller, cross_site, expected, known) in table {
        let facts = facts(caller, INSIDE, cross_site);
        let case = format!("{caller:?} {cross_site:?}");
        assert_eq!(answer(&decide(rules, &facts)), expected, "{case}");
        let counted = effective_caller(rules, &facts);
        if let Some(known) = known {
            assert_eq!(matches!(counted, CallerFacts::Known(_)), known, "{case}: the caller that the handler gets");
        }
    }
}
