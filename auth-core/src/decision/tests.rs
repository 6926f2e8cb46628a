//! The order and the decision, held against the contract's tables and against a second evaluator that was written from
//! the contract alone: it knows no `Truth`, no `Principal` and no `Atom`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::atom::{Acr, Atom, Authenticated, ByScheme, Claim, MaxAge, Named, Network, Within};
use crate::client::cross_site::CrossSite::{Failed, Passed, Unsaid};
use crate::clock::Timestamp;
use crate::denial::challenge::Scheme::{self, Basic, Bearer};
use crate::denial::challenge::{Challenge, challenges};
use crate::facts::Elsewhere;
use crate::principal::{Answer, Principal};
use crate::rule::{Literal, Reads};
use crate::source::{Confers, Form, ListClaim, Source};
use crate::vocabulary::open::Role as OpenRole;
use crate::vocabulary::{Declares as _, Kind, Vocabulary};

// ── what is asked, in the words of the contract ──────────────────────────────────────────────────────────────────────

#[derive(Clone, Copy, Debug)]
enum What {
    Authenticated,
    Role(&'static str),
    OpenRole(&'static str),
    Permission(&'static str),
    Scope(&'static str),
    Org(&'static str),
    MaxAge(u64),
    Acr(&'static str),
    By(Scheme),
    Inside,
}
use What::{Authenticated as Anyone, By, Inside, Org, Permission, Role, Scope};

/// A literal: what is asked, and whether its absence is.
#[derive(Clone, Copy, Debug)]
struct Asked {
    what: What,
    negated: bool,
}

const fn is(what: What) -> Asked {
    Asked { what, negated: false }
}

const fn not(what: What) -> Asked {
    Asked { what, negated: true }
}

/// The literals that random formulas are made of: all that compile.
const LITERALS: [Asked; 23] = [
    is(Role("editor")),
    not(Role("editor")),
    is(Permission("posts:write")),
    is(Scope("a")),
    is(What::MaxAge(60)),
    is(By(Bearer)),
    is(Inside),
    not(Inside),
    is(Anyone),
    is(Role("admin")),
    is(Role("suspended")),
    not(Role("suspended")),
    is(What::OpenRole("admin")),
    is(Permission("posts:read")),
    is(Scope("b")),
    is(Scope("c")),
    is(Scope("d")),
    is(Org("acme")),
    not(Org("acme")),
    is(What::MaxAge(3600)),
    is(What::Acr("1")),
    is(What::Acr("2")),
    is(By(Basic)),
];

/// How many of them, from the first, the exhaustive comparison uses.
const FEW: usize = 8;

/// A formula over `LITERALS`.
#[derive(Clone, Debug)]
enum Tree {
    Literal(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

impl Tree {
    fn holds(&self, literals: u32) -> bool {
        match self {
            Self::Literal(index) => literals >> index & 1 == 1,
            Self::All(parts) => parts.iter().all(|part| part.holds(literals)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(literals)),
        }
    }

    fn asks(&self, found: fn(What) -> bool) -> bool {
        match self {
            Self::Literal(index) => found(LITERALS[*index].what),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks(found)),
        }
    }

    fn formula(&self) -> Formula {
        let leak = |parts: &[Self]| &*Box::leak(parts.iter().map(Self::formula).collect());
        match self {
            Self::Literal(index) => literal(LITERALS[*index]),
            Self::All(parts) => Formula::All(leak(parts)),
            Self::Any(parts) => Formula::Any(leak(parts)),
        }
    }
}

fn literal(Asked { what, negated }: Asked) -> Formula {
    const TEN: IpNet = IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8));
    let atom = match what {
        What::Authenticated => Atom::Authenticated(Authenticated),
        What::Role(name) => Atom::Named(Named(ROLES.name(name))),
        What::OpenRole(name) => Atom::Named(Named(OpenRole::VOCABULARY.name(name))),
        What::Permission(name) => Atom::Named(Named(PERMISSIONS.name(name))),
        What::Scope(name) => Atom::Named(Named(SCOPES.name(name))),
        What::Org(value) => Atom::Claim(Claim { name: "org", value }),
        What::MaxAge(seconds) => Atom::MaxAge(MaxAge { seconds }),
        What::Acr(value) => Atom::Acr(Acr { value }),
        What::By(scheme) => Atom::Scheme(ByScheme(scheme)),
        What::Inside => Atom::Network(Network(&[TEN])),
    };
    let text = Box::leak(format!("{}{what:?}", if negated { "!" } else { "" }).into_boxed_str());
    Formula::Literal(Literal { atom, negated, text })
}

/// Anyone.
const PUBLIC: Formula = Formula::All(&[]);

fn all<const N: usize>(asked: [Asked; N]) -> Formula {
    Formula::All(Box::leak(Box::new(asked.map(literal))))
}

fn any<const N: usize>(asked: [Asked; N]) -> Formula {
    Formula::Any(Box::leak(Box::new(asked.map(literal))))
}

static PERMISSIONS: Vocabulary = Vocabulary {
    kind: Kind::Permission,
    declared_in: "Permission",
    open: false,
    names: &["posts:read", "posts:write", "posts:purge"],
    variants: &["PostsRead", "PostsWrite", "PostsPurge"],
    sorted: &[("posts:purge", 2), ("posts:read", 0), ("posts:write", 1)],
    closure: &[&[0b001], &[0b011], &[0b100]],
    grants: &[&[], &[], &[]],
};
static ROLES: Vocabulary = Vocabulary {
    kind: Kind::Role,
    declared_in: "Role",
    open: false,
    names: &["suspended", "editor", "admin"],
    variants: &["Suspended", "Editor", "Admin"],
    sorted: &[("admin", 2), ("editor", 1), ("suspended", 0)],
    closure: &[&[0b001], &[0b010], &[0b110]],
    grants: &[&[], &[PERMISSIONS.name("posts:write")], &[PERMISSIONS.name("posts:write")]],
};
static SCOPES: Vocabulary = Vocabulary {
    kind: Kind::Scope,
    declared_in: "TokenScope",
    open: false,
    names: &["a", "b", "c", "d"],
    variants: &["A", "B", "C", "D"],
    sorted: &[("a", 0), ("b", 1), ("c", 2), ("d", 3)],
    closure: &[&[1], &[2], &[4], &[8]],
    grants: &[&[], &[], &[], &[]],
};

// ── who calls, in the words of the contract ──────────────────────────────────────────────────────────────────────────

/// What a credential says. `None`: it does not say.
#[derive(Clone, Debug)]
struct Login {
    scheme: Scheme,
    roles: Option<Vec<&'static str>>,
    permissions: Vec<&'static str>,
    scopes: Vec<&'static str>,
    org: Option<&'static str>,
    age: Option<u64>,
    acr: Option<&'static str>,
    acts: bool,
}

const NOW: i64 = 1_000_000;

fn bearer(roles: &[&'static str]) -> Login {
    let (permissions, scopes) = (Vec::new(), Vec::new());
    Login {
        scheme: Bearer,
        roles: Some(roles.into()),
        permissions,
        scopes,
        org: None,
        age: None,
        acr: None,
        acts: false,
    }
}

fn basic(roles: &[&'static str]) -> Login {
    Login { scheme: Basic, ..bearer(roles) }
}

fn silent() -> Login {
    Login { roles: None, ..bearer(&[]) }
}

/// One of each kind of caller that the contract tells apart.
fn callers() -> [Login; 9] {
    let everything = Login { scopes: vec!["a", "b", "c", "d"], org: Some("acme"), age: Some(30), ..bearer(&["admin"]) };
    [
        Login { acr: Some("2"), ..everything.clone() },
        Login { acts: true, acr: Some("2"), ..everything },
        Login { age: Some(600), acr: Some("1"), org: Some("other"), ..bearer(&["editor"]) },
        Login { scopes: vec!["a"], permissions: vec!["posts:write"], ..bearer(&[]) },
        Login { age: Some(7200), permissions: vec!["posts:read"], scopes: vec!["b", "c"], ..bearer(&["suspended"]) },
        silent(),
        bearer(&["stranger"]),
        basic(&["admin", "suspended"]),
        basic(&[]),
    ]
}

impl Login {
    /// The answer of this credential; `None` where it is silent, which holds in neither polarity.
    fn answer(&self, what: What) -> Option<bool> {
        let roles = self.roles.iter().flatten().copied();
        Some(match what {
            What::Authenticated => true,
            What::Role(asked) => {
                self.roles.as_ref()?;
                roles.into_iter().any(|role| role == asked || (role, asked) == ("admin", "editor"))
            }
            What::OpenRole(asked) => roles.into_iter().any(|role| role == asked),
            What::Permission(asked) => {
                let granted = roles.filter(|role| ["admin", "editor"].contains(role)).map(|_| "posts:write");
                let mut held = self.permissions.iter().copied().chain(granted);
                held.any(|held| held == asked || (held, asked) == ("posts:write", "posts:read"))
            }
            What::Scope(asked) => self.scopes.contains(&asked),
            What::Org(asked) => self.org? == asked,
            What::MaxAge(limit) => !self.acts && (self.scheme == Basic || self.age.is_some_and(|age| age <= limit)),
            What::Acr(asked) => !self.acts && self.acr == Some(asked),
            What::By(asked) => self.scheme == asked,
            What::Inside => return None,
        })
    }

    fn principal(&self) -> Principal {
        let source = if self.scheme == Bearer { tokens() } else { users() };
        let mut claims = serde_json::json!({ "sub": "alice", "permissions": self.permissions });
        let mut say = |name: &str, value: serde_json::Value| claims[name] = value;
        if let Some(roles) = &self.roles {
            say("roles", roles.clone().into());
        }
        if !self.scopes.is_empty() {
            say("scope", self.scopes.join(" ").into());
        }
        if let Some(org) = self.org {
            say("org", org.into());
        }
        if let Some(age) = self.age {
            say("auth_time", (NOW - age as i64).into());
        }
        if let Some(acr) = self.acr {
            say("acr", acr.into());
        }
        if self.acts {
            say("act", serde_json::json!({ "sub": "bob" }));
        }
        Principal::from_claims(Arc::new(source), claims.to_string()).unwrap()
    }
}

fn tokens() -> Source {
    let list = |kind, form, name: &str| ListClaim::new(kind, form, vec![name.to_owned()]);
    Source {
        issuer: "https://id.example".into(),
        scheme: Bearer,
        confers: Confers::everything(),
        lists: vec![
            list(Kind::Role, Form::Array, "roles"),
            list(Kind::Permission, Form::Array, "permissions"),
            list(Kind::Scope, Form::Words, "scope"),
        ],
        has_claims: true,
        tenancy: Default::default(),
        all_scopes: false,
        roles: [&ROLES].into(),
    }
}

fn users() -> Source {
    let roles = ListClaim::new(Kind::Role, Form::Array, vec!["roles".to_owned()]);
    Source { issuer: "basic:r".into(), scheme: Basic, lists: vec![roles], has_claims: false, ..tokens() }
}

// ── the request ──────────────────────────────────────────────────────────────────────────────────────────────────────

const INSIDE: Option<&str> = Some("10.1.2.3");
const OUTSIDE: Option<&str> = Some("203.0.113.9");
const NOT_KNOWN: Option<&str> = None;

/// What else a request shows. All four places that are different to a network literal.
const PLACES: [(Option<&str>, CrossSite); 4] =
    [(INSIDE, Passed), (INSIDE, Failed), (OUTSIDE, Passed), (NOT_KNOWN, Passed)];

fn facts<'a>(caller: Caller<'a>, client: Option<&str>, cross_site: CrossSite) -> Facts<'a> {
    Facts {
        set_up: None,
        now: Timestamp::from_seconds(NOW),
        client: client.map(|address| address.parse::<IpAddr>().unwrap()),
        country: None,
        address_blocked: false,
        cross_site,
        caller,
        sources: &[],
        elsewhere: Default::default(),
    }
}

fn rule(formula: Formula) -> &'static Rule {
    let rule = Rule { formula, text: "", guards: "", file: "", line: 0, reads: Reads::Nothing, not_found: false };
    Box::leak(Box::new(rule))
}

fn alone(handler: &Rule) -> Rules<'_> {
    Rules { scopes: &[], handler }
}

/// `run`, `verify`, or the status and the problem.
fn answer(decision: &Decision) -> String {
    match decision {
        Decision::Allow => "run".to_owned(),
        Decision::Verify => "verify".to_owned(),
        Decision::AskRoles(tenant) => format!("ask {}", tenant.as_deref().unwrap_or("for all")),
        Decision::Deny(denial) => {
            let answer = denial.reason.answer();
            format!("{} {}", answer.status, answer.problem)
        }
    }
}

fn status(decision: &Decision) -> String {
    answer(decision).chars().take(3).collect()
}

fn decided(handler: &'static Rule, caller: Option<&Login>, client: Option<&str>, cross_site: CrossSite) -> Decision {
    let principal = caller.map(Login::principal);
    decide(alone(handler), &facts(principal.as_ref().map_or(Caller::Nobody, Caller::Known), client, cross_site))
}

// ── the order ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A request that triggers some of the steps, and what the contract's list says to it.
struct Triggers<'a> {
    set_up: bool,
    address_blocked: bool,
    /// `role`, `network`, both, either, or `public`.
    rule: &'static str,
    reads_principal: bool,
    caller: Caller<'a>,
    /// What step 4 or 5, or 7 to 9, says to the credential; for one that is verified, its role.
    credential: &'static str,
    ambient: bool,
    client: Option<&'static str>,
    cross_site: CrossSite,
}

impl Triggers<'_> {
    /// The contract, top down; and whether it is the credential's own denial that is answered.
    fn expected(&self) -> (&'static str, bool) {
        let looks_at_credentials = self.reads_principal || self.rule.contains("role");
        let network = self.client == INSIDE && self.cross_site != Failed;
        let role = self.credential == "admin";
        let known = matches!(self.caller, Caller::Known(_));
        let malformed_or_throttled = self.credential.starts_with("400") || self.credential.starts_with("429");
        if self.set_up {
            return ("500 set-up", false);
        }
        if self.address_blocked {
            return ("403 access-blocked", false);
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
        let facts =
            Facts { set_up, address_blocked: self.address_blocked, ..facts(self.caller, self.client, self.cross_site) };
        decide(alone(&handler), &facts)
    }
}

const fn reads(principal: bool) -> Reads {
    if principal { Reads::Caller } else { Reads::Nothing }
}

#[test]
fn the_first_step_that_has_an_answer_gives_it() {
    // H1, C5, "The order for a request": each step against each later one, in every request that triggers both.
    let after = RetryAfter::seconds(7);
    let refused = |scheme, reason| Denial::refused(scheme, reason, "why");
    #[rustfmt::skip]
    let denials = [
        (Denial::new(Reason::MalformedCredentials),                  "400 malformed-credentials"), // two lines
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
        (Caller::Nobody, false, ""),
        (Caller::Presented(Bearer), false, "verify"),
        (Caller::Presented(Basic), true, "verify"),
    ];
    credentials
        .extend(denials.iter().map(|(denial, says)| (Caller::Refused(denial), denial.used == Some(Basic), *says)));
    credentials.extend(
        known
            .iter()
            .zip(["admin", "", "admin", ""])
            .map(|(principal, role)| (Caller::Known(principal), principal.scheme() == Basic, role)),
    );
    let places =
        [INSIDE, OUTSIDE, NOT_KNOWN].map(|client| [Passed, Unsaid, Failed].map(|cross_site| (client, cross_site)));
    let mut requests = Vec::new();
    for (set_up, address_blocked) in [(false, false), (false, true), (true, false), (true, true)] {
        for rule in ["role", "role || network", "role && network", "network", "public"] {
            for (client, cross_site) in places.as_flattened().iter().copied() {
                requests.extend(credentials.iter().flat_map(|&(caller, ambient, credential)| {
                    [false, true].map(|reads_principal| Triggers {
                        set_up,
                        address_blocked,
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
        let Triggers { set_up, address_blocked, rule, reads_principal, caller, client, cross_site, .. } = request;
        let case = format!("{rule} {set_up} {address_blocked} {reads_principal} {caller:?} {client:?} {cross_site:?}");
        assert_eq!(answer(&decision), expected, "{case}");
        if let (true, Decision::Deny(found), Caller::Refused(denial)) = (own, &decision, caller) {
            let unchanged = |denial: &Denial| (denial.reason.clone(), denial.used, denial.cause);
            assert_eq!(unchanged(found), unchanged(denial), "{case}");
        }
        seen.insert(answer(&decision));
    }
    assert_eq!(seen.len(), 13, "each answer of the order occurs: {seen:?}");
}

#[test]
fn an_expired_token_gets_one_answer_whatever_else_the_handler_takes() {
    // H1: the three sentences, and C5 beside them, each with and without `Option<Principal>`.
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
        ("the same, with a token",                       all([is(Inside)]),        INSIDE,  Failed, &expired, "403 cross-site-request"),
        ("the same where being outside is asked for",    all([not(Inside), role]), OUTSIDE, Failed, &expired, "401 expired-credentials"),
        ("a program, which says nothing of sites",       all([role]),              OUTSIDE, Unsaid, &wrong,   "401 invalid-credentials"),
    ];
    for (case, formula, client, cross_site, refused, expected) in table {
        for reads_principal in [false, true] {
            let handler = Rule { reads: reads(reads_principal), ..*rule(formula) };
            let facts = facts(Caller::Refused(refused), client, cross_site);
            assert_eq!(answer(&decide(alone(&handler), &facts)), expected, "{case}, reads: {reads_principal}");
        }
    }
}

#[test]
fn a_credential_is_verified_if_any_atom_is_about_the_caller_or_the_handler_reads_it() {
    let public = rule(PUBLIC);
    let environment = rule(any([is(Inside), not(Inside)]));
    let reading: &'static Rule = Box::leak(Box::new(Rule { reads: Reads::Caller, ..*public }));
    let hidden: &'static Rule = Box::leak(Box::new(Rule { not_found: true, ..*public }));
    for asked in LITERALS {
        let about_caller = !matches!(asked.what, Inside);
        let asking = rule(Formula::Any(Box::leak(Box::new([PUBLIC, literal(asked)]))));
        assert_eq!(alone(asking).read_caller(), about_caller, "{asked:?}");
        for rules in
            [Rules { scopes: &[asking], handler: public }, Rules { scopes: &[public, asking], handler: environment }]
        {
            assert_eq!(rules.read_caller(), about_caller, "{asked:?} of a scope");
            let decision = decide(rules, &facts(Caller::Presented(Bearer), OUTSIDE, Passed));
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
        assert_eq!((rules.read_caller(), rules.not_found()), (reads, not_found), "{rules:?}");
    }
}

#[test]
fn a_source_out_of_reach_is_503_only_where_it_decides() {
    // No literal says so yet: the step alone.
    let rules = alone(rule(Formula::Any(&[])));
    let facts = facts(Caller::Nobody, OUTSIDE, Passed);
    #[rustfmt::skip]
    let table = [
        (Truth::OUT_OF_REACH,                   "503 authentication-unavailable"),
        (Truth::OUT_OF_REACH.and(Truth::COULD), "503 authentication-unavailable"),
        (Truth::OUT_OF_REACH.or(Truth::NO),     "503 authentication-unavailable"),
        (Truth::OUT_OF_REACH.and(Truth::NO),    "403 access-blocked"),
        (Truth::NO,                             "403 access-blocked"),
        (Truth::OUT_OF_REACH.or(Truth::COULD),  "goes on"),
        (Truth::OUT_OF_REACH.or(Truth::HOLDS),  "goes on"),
    ];
    for (truth, expected) in table {
        let case = Case { rules, facts: &facts, truth, reads_caller: false };
        let step = false_whatever_the_credential(&case);
        assert_eq!(step.as_ref().map_or("goes on".to_owned(), answer), expected, "{truth:?}");
    }
}

// ── the decision ─────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn each_literal_answers_each_kind_of_caller_as_the_table_says() {
    // H2, C4, STEP-2 to STEP-5: (literal, caller, its answer, the answer of its negation)
    let old = |login: Login| Login { age: Some(600), acr: Some("1"), ..login };
    let fresh = |login: Login| Login { age: Some(60), acr: Some("2"), ..login };
    let scopes = |scopes: &[&'static str]| Login { scopes: scopes.into(), ..bearer(&[]) };
    let org = |org| Login { org: Some(org), ..bearer(&[]) };
    let acts = |login| Login { acts: true, ..login };
    type Answers<'a> = &'a [(Option<Login>, &'a str, &'a str)];
    #[rustfmt::skip]
    let table: &[(What, Answers<'_>)] = &[
        (Anyone,                    &[(None, "401", "401"), (Some(silent()), "run", "403"), (Some(basic(&[])), "run", "403")]),
        (Role("editor"),            &[(None, "401", "401"), (Some(bearer(&["admin"])), "run", "403"), (Some(bearer(&["viewer"])), "403", "run"),
                                      (Some(silent()), "403", "403"), (Some(basic(&["editor"])), "run", "403"), (Some(basic(&[])), "403", "run")]),
        (What::OpenRole("editor"),  &[(None, "401", "401"), (Some(bearer(&["editor"])), "run", "403"), (Some(bearer(&["admin"])), "403", "403")]),
        (Permission("posts:read"),  &[(None, "401", "401"), (Some(bearer(&["editor"])), "run", "403"), (Some(bearer(&[])), "403", "403"),
                                      (Some(basic(&["admin"])), "run", "403"), (Some(silent()), "403", "403")]),
        (Scope("a"),                &[(None, "401", "401"), (Some(scopes(&["a", "b"])), "run", "403"), (Some(scopes(&["b"])), "403", "403"),
                                      (Some(silent()), "403", "403"), (Some(basic(&[])), "403", "403")]),
        (Org("acme"),               &[(None, "401", "401"), (Some(org("acme")), "run", "403"), (Some(org("other")), "403", "run"),
                                      (Some(silent()), "403", "403"), (Some(basic(&[])), "403", "403")]),
        (What::MaxAge(60),          &[(None, "401", "403"), (Some(fresh(silent())), "run", "403"), (Some(old(silent())), "401", "403"),
                                      (Some(silent()), "401", "403"), (Some(basic(&[])), "run", "403"), (Some(acts(fresh(silent()))), "401", "403")]),
        (What::Acr("2"),            &[(None, "401", "403"), (Some(fresh(silent())), "run", "403"), (Some(old(silent())), "401", "403"),
                                      (Some(silent()), "401", "403"), (Some(basic(&[])), "401", "403"), (Some(acts(fresh(silent()))), "401", "403")]),
        (By(Basic),                 &[(None, "401", "403"), (Some(silent()), "401", "403"), (Some(basic(&[])), "run", "403")]),
        (By(Bearer),                &[(None, "401", "403"), (Some(silent()), "run", "403"), (Some(basic(&[])), "401", "403")]),
    ];
    for (what, rows) in table {
        for (caller, expected, negation) in *rows {
            for (asked, expected) in [(is(*what), expected), (not(*what), negation)] {
                let found = decided(rule(all([asked])), caller.as_ref(), OUTSIDE, Passed);
                assert_eq!(status(&found), *expected, "{asked:?} of {caller:?}");
            }
        }
    }
    // IP-9, C5, L6: no caller changes what the environment says.
    let callers = [None, Some(silent()), Some(basic(&["admin"]))];
    #[rustfmt::skip]
    let table = [
        (INSIDE,                    Passed, "run", "403"),
        (INSIDE,                    Unsaid, "run", "403"),
        (INSIDE,                    Failed, "403", "403"),
        (OUTSIDE,                   Passed, "403", "run"),
        (OUTSIDE,                   Failed, "403", "run"),
        (Some("64:ff9b::10.0.0.1"), Passed, "403", "403"),
        (NOT_KNOWN,                 Passed, "403", "403"),
        (NOT_KNOWN,                 Failed, "403", "403"),
    ];
    for (client, cross_site, expected, negation) in table {
        for (asked, expected) in [(is(Inside), expected), (not(Inside), negation)] {
            for caller in &callers {
                let found = decided(rule(all([asked])), caller.as_ref(), client, cross_site);
                assert_eq!(status(&found), expected, "{asked:?} from {client:?}, {cross_site:?}, {caller:?}");
            }
        }
    }
}

// ── the second evaluator ─────────────────────────────────────────────────────────────────────────────────────────────

/// The literals that hold, a bit each, of a request from there by this caller.
fn holding(caller: Option<&Login>, client: Option<&str>, cross_site: CrossSite) -> u32 {
    (0..).zip(LITERALS).fold(0, |bits, (index, Asked { what, negated })| {
        let answered = match what {
            Inside => client.map(|client| client == INSIDE.unwrap()),
            what => caller.and_then(|login| login.answer(what)),
        };
        let ambient = matches!(what, Inside) && !negated && cross_site == Failed;
        bits | u32::from(answered.is_some_and(|yes| yes != negated) && !ambient) << index
    })
}

/// Who a caller could yet turn out to be: a stranger anybody, somebody known the same with another login.
fn could_be(caller: Option<&Login>) -> Vec<Login> {
    const AGES: [Option<u64>; 4] = [None, Some(30), Some(600), Some(7200)];
    const ACRS: [Option<&str>; 3] = [None, Some("1"), Some("2")];
    let mut logins: Vec<Login> = match caller {
        Some(login) => vec![
            Login { acts: false, ..login.clone() },
            Login { acts: false, scheme: other(login.scheme), ..login.clone() },
        ],
        None => {
            let roles: Vec<_> =
                subsets(&["admin", "editor", "suspended"]).into_iter().map(Some).chain([None]).collect();
            let mut strangers: Vec<_> = roles.iter().flatten().map(|roles| basic(roles)).collect();
            for roles in roles {
                for permissions in [vec![], vec!["posts:read"], vec!["posts:write"]] {
                    for scopes in subsets(&["a", "b", "c", "d"]) {
                        for org in [None, Some("acme"), Some("other")] {
                            let (roles, permissions, scopes) = (roles.clone(), permissions.clone(), scopes.clone());
                            strangers.push(Login { roles, permissions, scopes, org, ..bearer(&[]) });
                        }
                    }
                }
            }
            strangers
        }
    };
    logins = logins.into_iter().flat_map(|login| AGES.map(|age| Login { age, ..login.clone() })).collect();
    logins = logins.into_iter().flat_map(|login| ACRS.map(|acr| Login { acr, ..login.clone() })).collect();
    logins.retain(|login| login.scheme == Bearer || login.acr.is_none());
    logins
}

const fn other(scheme: Scheme) -> Scheme {
    match scheme {
        Basic => Bearer,
        _ => Basic,
    }
}

/// A request, with all that the evaluator enumerates.
struct Enumerated {
    caller: Option<Login>,
    client: Option<&'static str>,
    cross_site: CrossSite,
    now: u32,
    could: BTreeSet<u32>,
}

impl Enumerated {
    fn every() -> Vec<Self> {
        let callers = callers().into_iter().map(Some).chain([None]);
        callers
            .flat_map(|caller| {
                let others = could_be(caller.as_ref());
                PLACES.map(|(client, cross_site)| Self {
                    now: holding(caller.as_ref(), client, cross_site),
                    could: others.iter().map(|login| holding(Some(login), client, cross_site)).collect(),
                    caller: caller.clone(),
                    client,
                    cross_site,
                })
            })
            .collect()
    }

    /// `could`, as far as the first literals tell it apart.
    fn of_first(mut self, few: usize) -> Self {
        self.could = self.could.into_iter().map(|bits| bits & ((1 << few) - 1)).collect();
        self
    }

    /// The contract: it runs if it holds now; else 401 if it would hold for somebody whom this caller could turn out to
    /// be, else 403. What a browser sends by itself counts for nothing if another site made it (C5).
    fn answer(&self, tree: &Tree) -> &'static str {
        let ambient = self.caller.as_ref().is_some_and(|caller| caller.scheme == Basic);
        if self.cross_site == Failed && ambient && tree.asks(|what| !matches!(what, Inside)) {
            "403"
        } else if tree.holds(self.now) {
            "run"
        } else if self.could.iter().any(|bits| tree.holds(*bits)) {
            "401"
        } else {
            "403"
        }
    }

    fn decide(&self, rules: Rules<'_>) -> Decision {
        let principal = self.caller.as_ref().map(Login::principal);
        let caller = principal.as_ref().map_or(Caller::Nobody, Caller::Known);
        decide(rules, &facts(caller, self.client, self.cross_site))
    }
}

/// The two may differ in one way: what no one caller can be at once looks to literals like something that could be (H2).
fn assert_agree(tree: &Tree, found: &Decision, enumerated: &Enumerated) {
    let (found, expected) = (status(found), enumerated.answer(tree));
    let may_differ = found == "401" && expected == "403";
    assert!(
        found == expected || may_differ,
        "{tree:?}: {found}, enumerated: {expected}, for {:?} {:?} {:?}",
        enumerated.caller,
        enumerated.client,
        enumerated.cross_site
    );
}

#[test]
fn every_small_formula_is_decided_as_enumeration_decides_it() {
    // H2: all formulas of three levels over the first literals, both operators at each, for each caller and place.
    let pairs = |of: &[Tree]| -> Vec<Tree> {
        let mut pairs = of.to_vec();
        for (at, left) in of.iter().enumerate() {
            for right in &of[at..] {
                pairs.push(Tree::All(vec![left.clone(), right.clone()]));
                pairs.push(Tree::Any(vec![left.clone(), right.clone()]));
            }
        }
        pairs
    };
    let literals: Vec<_> = (0..FEW).map(Tree::Literal).collect();
    let trees = pairs(&pairs(&literals));
    let handlers: Vec<_> = trees.iter().map(|tree| (tree, rule(tree.formula()))).collect();
    let (mut granted, mut differ, mut count) = (0, 0, 0);
    for enumerated in Enumerated::every().into_iter().map(|request| request.of_first(FEW)) {
        let principal = enumerated.caller.as_ref().map(Login::principal);
        let caller = principal.as_ref().map_or(Caller::Nobody, Caller::Known);
        let facts = facts(caller, enumerated.client, enumerated.cross_site);
        for (tree, handler) in &handlers {
            let decision = decide(alone(handler), &facts);
            assert_agree(tree, &decision, &enumerated);
            count += 1;
            granted += usize::from(decision == Decision::Allow);
            differ += usize::from(decision != Decision::Allow && status(&decision) != enumerated.answer(tree));
        }
    }
    assert!(granted > count / 10 && granted < count / 2, "{granted} of {count} run: neither trivial");
    assert!(differ > 0 && differ < count / 10, "{differ} of {count} are 401 by literals and 403 by enumeration");
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

/// Formulas over those of `LITERALS` that ask for something of this kind.
fn tree(of: fn(What) -> bool) -> impl Strategy<Value = Tree> {
    let indices: Vec<_> = (0..LITERALS.len()).filter(|index| of(LITERALS[*index].what)).collect();
    let literal = proptest::sample::select(indices).prop_map(Tree::Literal);
    literal.prop_recursive(4, 12, 4, |part| {
        let parts = proptest::collection::vec(part, 0..4);
        prop_oneof![parts.clone().prop_map(Tree::All), parts.prop_map(Tree::Any)]
    })
}

#[test]
fn whatever_the_formula_it_is_decided_as_enumeration_decides_it_and_more_conditions_let_in_no_more() {
    let requests = Enumerated::every();
    let expired = Denial::refused(Bearer, Reason::ExpiredCredentials, "why");
    let trees = proptest::collection::vec(tree(|_| true), 1..4);
    let outcome = runner(300).run(&trees, |trees| {
        let rules: Vec<_> = trees.iter().map(|tree| rule(tree.formula())).collect();
        let (handler, scopes) = rules.split_last().unwrap();
        let (both, joined) = (Rules { scopes, handler }, rule(Tree::All(trees.clone()).formula()));
        let fewer = [alone(handler), Rules { scopes: &scopes[..scopes.len().min(1)], handler }];
        for request in &requests {
            let found = request.decide(both);
            assert_agree(&Tree::All(trees.clone()), &found, request);
            prop_assert_eq!(&found, &request.decide(alone(joined)), "the rules of scopes are joined by and (H6)");
            let all_let_in = fewer.iter().all(|fewer| request.decide(*fewer) == Decision::Allow);
            prop_assert!(found != Decision::Allow || all_let_in, "a condition more lets no more in");
        }
        for (client, cross_site) in PLACES {
            for caller in [Caller::Refused(&expired), Caller::Presented(Bearer)] {
                let decide = |rules| decide(rules, &facts(caller, client, cross_site));
                let all_let_in = fewer.iter().all(|fewer| decide(*fewer) == Decision::Allow);
                prop_assert!(decide(both) != Decision::Allow || all_let_in, "a condition more lets no more in");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

// ── challenges ───────────────────────────────────────────────────────────────────────────────────────────────────────

fn denied(decision: Decision) -> Option<Denial> {
    match decision {
        Decision::Deny(denial) => Some(denial),
        Decision::Allow | Decision::Verify | Decision::AskRoles(_) => None,
    }
}

fn subsets(names: &[&'static str]) -> Vec<Vec<&'static str>> {
    (0..1_usize << names.len())
        .map(|bits| (0..).zip(names).filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name).collect())
        .collect()
}

#[test]
fn a_scope_denial_names_the_least_set_and_only_where_scopes_alone_would_do() {
    // BEARER-10, L3, over random formulas: what is named is enough, with what the caller has; nothing less is; and where
    // scopes alone would do, they are named.
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
                Reason::StepUpRequired(_) => {} // another login would do as well, and 401 comes first
                _ => prop_assert_eq!(least, None, "{:?} for {:?} of {:?}", denial, tree, caller),
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_step_up_names_one_login_that_would_do() {
    // STEP-1, STEP-2: a login that is as fresh and as strong as the challenge says gets in, and nothing less does.
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
fn a_known_caller_is_told_what_would_change_the_answer_and_no_more() {
    // BEARER-10, L3, STEP-1, STEP-2: (rule, caller, problem, the scopes or the step-up that is named)
    let (nothing, a) = (silent(), Login { scopes: vec!["a"], ..silent() });
    let old = Login { age: Some(600), acr: Some("1"), ..bearer(&["admin"]) };
    let (a_or_b, fresh) = (any([is(Scope("b")), is(Scope("a"))]), is(What::MaxAge(60)));
    let admin = is(Role("admin"));
    #[rustfmt::skip]
    let table = [
        (all([is(Scope("a")), is(Scope("b"))]),              &a,         "insufficient-scope",       "a b"), // what it has, too
        (a_or_b,                                             &nothing,   "insufficient-scope",       "b"),
        (Formula::All(Box::leak(Box::new([a_or_b, literal(is(Scope("c")))]))), &a, "insufficient-scope", "a c"),
        (any([is(Scope("a")), admin]),                       &nothing,   "insufficient-scope",       "a"),
        (all([is(Scope("a")), admin]),                       &nothing,   "insufficient-permissions", ""),
        (all([is(Scope("a")), is(Org("acme"))]),             &nothing,   "insufficient-permissions", ""),
        (all([is(Scope("a")), fresh]),                       &old,       "insufficient-permissions", ""),
        (all([is(Scope("a")), not(Role("suspended"))]),      &old,       "insufficient-scope",       "a"),
        (all([is(Scope("a")), not(Role("suspended"))]),      &nothing,   "insufficient-permissions", ""), // silent on roles
        (all([is(Scope("a"))]),                              &basic(&[]), "insufficient-permissions", ""), // has no scopes
        (all([is(Permission("posts:write"))]),               &nothing,   "insufficient-permissions", ""),
        (all([is(What::MaxAge(60)), is(What::MaxAge(300))]), &nothing,   "step-up-required",         "60 "),
        (any([is(What::MaxAge(60)), is(What::Acr("2"))]),    &old,       "step-up-required",         "60 "), // one way in
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
        assert_eq!((denial.reason.answer().problem, named.as_str()), (problem, expected), "{formula:?} of {caller:?}");
        assert_eq!(denial.used, Some(caller.scheme));
    }
    // A scope that the source may not confer would be dropped from the next token too.
    let partner = Source { confers: Confers::nothing().scopes(["b"]), ..tokens() };
    let principal = Principal::from_claims(Arc::new(partner), r#"{"sub":"alice"}"#.to_owned()).unwrap();
    for (scope, expected) in [("a", "403 insufficient-permissions"), ("b", "403 insufficient-scope")] {
        let decision = decide(alone(rule(all([is(Scope(scope))]))), &facts(Caller::Known(&principal), OUTSIDE, Passed));
        assert_eq!(answer(&decision), expected, "{scope}");
    }
}

#[test]
fn only_schemes_that_could_help_are_named() {
    // HTTP-20
    let tokens_of = |confers| Source { confers, ..tokens() };
    let partner = || tokens_of(Confers::nothing().roles(["editor"]).acr(["1"]).claims(["team"]));
    let no_lists = || Source { lists: vec![], ..tokens() };
    #[rustfmt::skip]
    let table = [
        (is(Anyone),                        tokens(),   "Bearer Basic"),
        (is(Role("admin")),                 tokens(),   "Bearer Basic"),
        (not(Role("suspended")),            tokens(),   "Bearer Basic"),
        (is(What::OpenRole("admin")),       tokens(),   "Bearer Basic"),
        (is(Permission("posts:write")),     tokens(),   "Bearer Basic"), // a role of a user grants it
        (is(Permission("posts:purge")),     tokens(),   "Bearer"),       // none does
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
        (is(Permission("posts:write")),     partner(),  "Bearer Basic"), // by the role that it may confer
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
        for caller in [Caller::Nobody, Caller::Refused(&refused)] {
            let facts = Facts { sources: &sources, ..facts(caller, OUTSIDE, Passed) };
            let denial = denied(decide(alone(rule(all([asked]))), &facts)).unwrap();
            let named: Vec<_> = Scheme::OURS.into_iter().filter(|scheme| denial.schemes.contains(*scheme)).collect();
            assert_eq!(
                named.iter().map(|scheme| scheme.name()).collect::<Vec<_>>().join(" "),
                expected,
                "{asked:?} {caller:?}"
            );
        }
    }
    // Each could, both together could not: nothing helps, and a 401 names all rather than none (HTTP-5).
    let sources = [Arc::new(tokens()), Arc::new(users())];
    let facts = Facts { sources: &sources, ..facts(Caller::Nobody, OUTSIDE, Passed) };
    let denial = denied(decide(alone(rule(all([is(By(Basic)), is(Scope("a"))]))), &facts)).unwrap();
    assert_eq!((denial.schemes, lines(&denial).len()), (SchemeSet::NONE, 2));
}

fn bare(scheme: Scheme) -> &'static str {
    match scheme {
        Bearer => r#"Bearer realm="r""#,
        _ => r#"Basic realm="r", charset="UTF-8""#,
    }
}

/// The challenges of a server that accepts both schemes.
fn lines(denial: &Denial) -> Vec<String> {
    let line = |challenge: Challenge| bare(challenge.scheme).to_owned() + &challenge.parameters.unwrap_or_default();
    challenges(denial, &[Bearer, Basic], false).map(line).collect()
}

/// For each place and each scheme: the literals that hold for those whom it could show a stranger to be.
type Could = [(Option<&'static str>, CrossSite, [(Scheme, BTreeSet<u32>); 2]); 4];

fn strangers() -> Could {
    let strangers = could_be(None);
    PLACES.map(|(client, cross_site)| {
        let by = |scheme| strangers.iter().filter(move |login| login.scheme == scheme);
        let could = |scheme| by(scheme).map(|login| holding(Some(login), client, cross_site)).collect();
        (client, cross_site, [Bearer, Basic].map(|scheme| (scheme, could(scheme))))
    })
}

#[test]
fn a_stranger_is_told_which_schemes_there_are_and_nothing_of_the_rule() {
    // BEARER-6, STEP-2, HTTP-5, over random formulas: bare challenges, those of all schemes that could help among them.
    let (places, sources) = (strangers(), [Arc::new(tokens()), Arc::new(users())]);
    let outcome = runner(300).run(&tree(|_| true), |tree| {
        let rules = alone(rule(tree.formula()));
        for (client, cross_site, could) in &places {
            let facts = Facts { sources: &sources, ..facts(Caller::Nobody, *client, *cross_site) };
            let Some(denial) = denied(decide(rules, &facts)) else { continue };
            let unauthorized = denial.reason == Reason::MissingCredentials;
            prop_assert!(unauthorized || denial.reason.answer().status == 403);
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
fn a_rule_that_lets_somebody_in_is_known_to_before_any_request() {
    // "A rule that none of the configured schemes can ever make true is refused at start-up", and no other.
    let (places, sources) = (strangers(), [tokens(), users()]);
    let outcome = runner(300).run(&tree(|_| true), |tree| {
        let rules = alone(rule(tree.formula()));
        for (client, cross_site, could) in &places {
            let runs = decide(rules, &facts(Caller::Nobody, *client, *cross_site)) == Decision::Allow;
            prop_assert!(!runs || rules.admit_strangers(), "{tree:?} from {client:?}");
            for ((scheme, could), source) in could.iter().zip(&sources) {
                let runs = could.iter().any(|bits| tree.holds(*bits));
                let known = rules.could_hold_somewhere(&facts(Caller::Would(source), NOT_KNOWN, Passed));
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
        (all([is(Inside), not(Inside)]),    true,  [true, true]), // by literals
        (all([is(Inside), is(Scope("a"))]), false, [true, false]),
        (all([is(By(Basic)), is(Scope("a"))]), false, [false, false]),
        (any([is(Inside), is(Scope("a"))]), true,  [true, true]),
    ];
    for (formula, strangers, schemes) in table {
        let rules = alone(rule(formula));
        let could = |source| rules.could_hold_somewhere(&facts(Caller::Would(source), NOT_KNOWN, Passed));
        assert_eq!((rules.admit_strangers(), sources.each_ref().map(could)), (strangers, schemes), "{formula:?}");
    }
}

#[test]
fn a_cookie_needs_proof_of_our_site_and_counts_as_none_where_strangers_come_in_anyway() {
    // CSRF-1, CSRF-2, CSRF-5, M5: what each rule answers to a cookie that is good, has ended, or was not looked up yet.
    let source = Arc::new(Source { scheme: Scheme::Session, ..tokens() });
    let alice = Principal::from_claims(source, r#"{"sub":"alice","roles":["admin"]}"#.to_owned()).unwrap();
    let refused = |reason| Denial::refused(Scheme::Session, reason, "");
    let ended = refused(Reason::RevokedCredentials);
    let away = refused(Reason::AuthenticationUnavailable(RetryAfter::seconds(1)));
    let (good, dead, down) = (Caller::Known(&alice), Caller::Refused(&ended), Caller::Refused(&away));
    let fresh = Caller::Presented(Scheme::Session);
    let [public, copes] = [Reads::Caller, Reads::CallerOrOutage].map(|reads| Rule { reads, ..crate::rule::PUBLIC });
    let (public, copes) = (alone(&public), alone(&copes));
    let copes_inside = Rule { reads: Reads::CallerOrOutage, ..*rule(any([is(Role("admin")), is(Inside)])) };
    let copes_inside = alone(&copes_inside);
    let wrong = refused(Reason::InvalidCredentials);
    let wrong = Caller::Refused(&wrong);
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
        // The network is ambient too: it does not hold for another site's page, so nobody comes in without the cookie.
        (inside,  good,  Failed, "403 cross-site-request",       Some(true)),
        (public,  good,  Passed, "run",                          Some(true)),
        (public,  good,  Failed, "run",                          Some(false)),
        (public,  fresh, Failed, "run",                          Some(false)),
        (public,  fresh, Unsaid, "run",                          Some(false)),
        (public,  fresh, Passed, "verify",                       None),
        (public,  dead,  Passed, "run",                          Some(false)),
        (public,  down,  Passed, "503 authentication-unavailable", None), // M14: never `None`
        (copes,   down,  Passed, "run",                          Some(false)), // but where the handler asks for it
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
        let counted = counted(rules, &facts);
        if let Some(known) = known {
            assert_eq!(matches!(counted, Caller::Known(_)), known, "{case}: who the handler is told of");
        }
    }
}

// ── roles that no credential carries ─────────────────────────────────────────────────────────────────────────────────

/// What a store of roles may say of somebody in one tenant, or in none.
const SAID: [&[&str]; 5] = [&[], &["editor"], &["admin"], &["suspended"], &["editor", "suspended"]];

/// What rules ask for: in no tenant, and in the two that stand in the path.
fn elsewhere_literal(index: usize) -> Formula {
    let within = |name, tenant| Atom::Within(Within { name, tenant });
    let (atom, negated) = match index {
        0 => (Atom::Named(Named(ROLES.name("admin"))), false),
        1 => (Atom::Named(Named(ROLES.name("suspended"))), true),
        2 => (within(ROLES.name("editor"), "org"), false),
        3 => (within(ROLES.name("suspended"), "org"), true),
        4 => (within(PERMISSIONS.name("posts:write"), "org"), false),
        5 => (within(ROLES.name("admin"), "team"), false),
        6 => (within(ROLES.name("suspended"), "team"), true),
        7 => (Atom::Named(Named(SCOPES.name("a"))), false),
        8 => (Atom::Named(Named(SCOPES.name("b"))), false),
        _ => (Atom::Acr(Acr { value: "1" }), false),
    };
    Formula::Literal(Literal { atom, negated, text: "literal" })
}

/// A formula over the literals; `all` at even depth.
fn elsewhere_formula() -> impl Strategy<Value = &'static Rule> {
    #[derive(Clone, Debug)]
    enum Node {
        Leaf(usize),
        All(Vec<Node>),
        Any(Vec<Node>),
    }
    fn formula(node: &Node) -> Formula {
        let each = |nodes: &[Node]| &*Vec::leak(nodes.iter().map(formula).collect::<Vec<_>>());
        match node {
            Node::Leaf(index) => elsewhere_literal(*index),
            Node::All(nodes) => Formula::All(each(nodes)),
            Node::Any(nodes) => Formula::Any(each(nodes)),
        }
    }
    let leaf = (0..10_usize).prop_map(Node::Leaf);
    let node = leaf.prop_recursive(3, 8, 3, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Node::All), parts.prop_map(Node::Any)]
    });
    node.prop_map(|node| rule(formula(&node)))
}

const TENANTS: [Option<&str>; 3] = [None, Some("acme"), Some("red")];

/// The decision, and who was asked about on the way; `said` answers for each tenant, `None` is out of reach.
fn asked_for(rule: &'static Rule, caller: &Principal, said: [Option<&[&str]>; 3]) -> (Decision, Vec<usize>) {
    let tenants = [("org", "acme".to_owned()), ("team", "red".to_owned())];
    let (mut caller, mut asked) = (caller.clone(), Vec::new());
    loop {
        let elsewhere = Elsewhere { is_asked: true, tenants: &tenants, unknown_holds: false };
        let decision = decide(alone(rule), &Facts { elsewhere, ..facts(Caller::Known(&caller), OUTSIDE, Passed) });
        let Decision::AskRoles(tenant) = &decision else { return (decision, asked) };
        let which = TENANTS.iter().position(|known| *known == tenant.as_deref()).unwrap();
        assert!(!asked.contains(&which), "each is asked about once");
        asked.push(which);
        let answer = match said[which] {
            Some(roles) => Answer::Roles(roles.iter().map(|role| (*role).to_owned()).collect()),
            None => Answer::OutOfReach,
        };
        caller = caller.with_answer(tenant.as_deref(), answer);
    }
}

#[test]
fn roles_are_asked_for_until_the_answer_is_what_it_would_be_if_all_were_known() {
    let callers =
        [bearer(&[]), Login { scopes: vec!["a"], ..bearer(&["admin"]) }, Login { acr: Some("1"), ..silent() }];
    let callers = callers.map(|login| login.principal());
    let status = |decision: &Decision| answer(decision);
    let outcome = runner(100).run(&(elsewhere_formula(), 0..3_usize), |(rule, caller)| {
        let caller = &callers[caller];
        // All that could be said, for each of the tenants.
        let every =
            || SAID.iter().flat_map(|a| SAID.iter().flat_map(|b| SAID.iter().map(|c| [Some(*a), Some(*b), Some(*c)])));
        for said in every() {
            let (found, asked) = asked_for(rule, caller, said);
            // Told all of it beforehand, the same is decided.
            let mut told = caller.clone();
            for (tenant, roles) in TENANTS.iter().zip(said) {
                let roles = roles.unwrap().iter().map(|role| (*role).to_owned()).collect();
                told = told.with_answer(*tenant, Answer::Roles(roles));
            }
            let (expected, none) = asked_for(rule, &told, said);
            prop_assert!(none.is_empty());
            prop_assert_eq!(status(&found), status(&expected), "{:?}: {:?}", rule, said);
            // Whoever was not asked about could not have changed it.
            for other in every().filter(|other| asked.iter().all(|which| other[*which] == said[*which])) {
                prop_assert_eq!(status(&asked_for(rule, caller, other).0), status(&found), "{:?}: {:?}", rule, other);
            }
            // Out of reach, it is neither yes nor no: what is answered would be so whatever was said.
            for away in 0..3 {
                let mut without = said;
                without[away] = None;
                let (found, _) = asked_for(rule, caller, without);
                if status(&found) == "503 authentication-unavailable" {
                    continue;
                }
                for one in SAID {
                    let mut with = said;
                    with[away] = Some(one);
                    prop_assert_eq!(
                        status(&asked_for(rule, caller, with).0),
                        status(&found),
                        "{:?}: {:?} {}",
                        rule,
                        with,
                        away
                    );
                }
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
