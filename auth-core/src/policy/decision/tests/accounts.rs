//! Tests of accounts: the rows of the order, and random formulas against a second evaluator.

use super::*;
use crate::identity::account_id::AccountId;
use crate::identity::issuer::{LoginPolicy, LoginSource};
use crate::identity::principal::LoadedAccount;
use crate::policy::atom::{Account, Check, Direct, Login as LoginAtom, ObjectAction};
use crate::policy::facts::Checks;

fn atom(atom: Atom) -> Formula {
    Formula::Literal(Literal { atom, negated: false, text: "atom" })
}

fn check(names_principal: bool, object: Option<&'static ObjectAction>) -> Formula {
    atom(Atom::Check(Check { index: 0, names_principal, object, any_token: false }))
}

fn join(of: fn(&'static [Formula]) -> Formula, parts: impl IntoIterator<Item = Formula>) -> Formula {
    of(Vec::leak(parts.into_iter().collect()))
}

fn loads_account() -> LoginSource {
    LoginSource { policy: LoginPolicy::LoadsAccount, ..LoginSource::default() }
}

fn caller(source: Issuer, claims: &str) -> Principal {
    Principal::from_claims(Arc::new(source), claims.to_owned()).unwrap()
}

fn login(claims: &str) -> Principal {
    caller(Issuer { login: loads_account(), ..tokens() }, claims)
}

fn with_account(principal: &Principal, rights: Rights) -> Principal {
    principal.with_account(LoadedAccount::new(AccountId::new("member", 7), rights, Arc::new(())))
}

#[test]
fn a_caller_is_decided_after_the_account_was_loaded() {
    // ACCT-7, row 9d
    let alice = login(r#"{"sub":"alice"}"#);
    assert!(matches!(CallerFacts::of(&alice), CallerFacts::Presented(Bearer)));
    assert!(matches!(CallerFacts::of(&alice.with_no_account()), CallerFacts::WithoutAccount(_)));
    assert!(matches!(CallerFacts::of(&with_account(&alice, Rights::new())), CallerFacts::Known(_)));
    assert!(matches!(CallerFacts::of(&caller(tokens(), r#"{"sub":"alice"}"#)), CallerFacts::Known(_)));
    // ACCT-2
    assert_eq!(alice.id(), alice.credential_id());
    assert_eq!(alice.with_no_account().id().to_string(), "login:user:18:https://id.example:alice");
    assert_eq!(with_account(&alice, Rights::new()).id().to_string(), "account:member:7");
}

/// A caller whose account is unavailable, suspended or gone, for rows 9a to 9c.
#[test]
fn unusable_accounts_are_denied_where_another_branch_holds() {
    // ACCT-8, rows 9a to 9c
    let refused = |scheme, reason| Denial::refused(scheme, reason, "why");
    let away = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
    let admin = || all([is(Role("admin"))]);
    let inside = || any([is(Role("admin")), is(Inside)]);
    #[rustfmt::skip]
    let table = [
        (Bearer,            away.clone(),                admin(),  CallerAccess::Nothing,        "503 authentication-unavailable"),
        (Bearer,            away.clone(),                inside(), CallerAccess::Nothing,        "503 authentication-unavailable"),
        (Bearer,            away.clone(),                PUBLIC,   CallerAccess::Caller,         "503 authentication-unavailable"),
        (Bearer,            away.clone(),                PUBLIC,   CallerAccess::CallerOrOutage, "run"),
        (Bearer,            Reason::AccountSuspended,    admin(),  CallerAccess::Nothing,        "403 account-suspended"),
        (Bearer,            Reason::AccountSuspended,    inside(), CallerAccess::Nothing,        "403 account-suspended"),
        (Bearer,            Reason::AccountSuspended,    PUBLIC,   CallerAccess::Caller,         "403 account-suspended"),
        (SchemeId::Session, Reason::AccountSuspended,    PUBLIC,   CallerAccess::Caller,         "403 account-suspended"),
        (Bearer,            Reason::AccountSuspended,    PUBLIC,   CallerAccess::CallerOrOutage, "403 account-suspended"),
        (Bearer,            Reason::AccessBlocked,       inside(), CallerAccess::Nothing,        "403 access-blocked"),
        (Bearer,            Reason::RevokedCredentials,  inside(), CallerAccess::Nothing,        "401 revoked-credentials"),
        (Bearer,            Reason::RevokedCredentials,  PUBLIC,   CallerAccess::Caller,         "401 revoked-credentials"),
        (SchemeId::Session, Reason::RevokedCredentials,  admin(),  CallerAccess::Nothing,        "401 revoked-credentials"),
        (SchemeId::Session, Reason::RevokedCredentials,  inside(), CallerAccess::Nothing,        "run"),
        (SchemeId::Session, Reason::RevokedCredentials,  PUBLIC,   CallerAccess::Caller,         "run"),
    ];
    for (scheme, reason, formula, reads, expected) in table {
        let denial = refused(scheme, reason);
        let handler = Rule { reads, ..*rule(formula) };
        let found = decide(alone(&handler), &facts(CallerFacts::Refused(&denial), INSIDE, Passed));
        assert_eq!(answer(&found), expected, "{scheme:?} {denial:?} {reads:?}");
    }
}

#[test]
fn a_login_without_account_satisfies_login_only() {
    // ACCT-5, row 9d
    const OBJECT: Option<&ObjectAction> = Some(&objects::ACTION);
    let login_atom = || atom(Atom::Login(LoginAtom));
    let (of_caller, of_anyone, of_object) = (|| check(true, None), || check(false, None), || check(true, OBJECT));
    let (any, all) = (|parts: Vec<Formula>| join(Formula::Any, parts), |parts: Vec<Formula>| join(Formula::All, parts));
    let admin = || literal(is(Role("admin")));
    let required = "403 account-required";
    let unchecked = Checks::default();
    #[rustfmt::skip]
    let table = [
        ("authenticated",          literal(is(Anyone)),                                 unchecked,               required),
        ("role",                   admin(),                                             unchecked,               required),
        ("absent role",            literal(not(Role("suspended"))),                     unchecked,               required),
        ("scope",                  literal(is(Scope("a"))),                             unchecked,               required),
        ("direct",                 atom(Atom::Direct(Direct)),                          unchecked,               required),
        ("recent",                 literal(is(What::MaxAge(60))),                       unchecked,               required),
        ("scheme",                 literal(is(By(Bearer))),                             unchecked,               required),
        ("account",                atom(Atom::Account(Account)),                        unchecked,               required),
        ("public",                 PUBLIC,                                              unchecked,               "run"),
        ("login",                  login_atom(),                                        unchecked,               "run"),
        ("login && direct",        all(vec![login_atom(), atom(Atom::Direct(Direct))]), unchecked,               required),
        ("login || role",          any(vec![admin(), login_atom()]),                    unchecked,               "run"),
        ("role || network",        any(vec![admin(), literal(is(Inside))]),             unchecked,               "run"),
        ("outside",                all(vec![login_atom(), literal(not(Inside))]),       unchecked,               "403 access-blocked"),
        ("check",                  of_caller(),                                         unchecked,               required),
        ("role || check",          any(vec![admin(), of_caller()]),                     unchecked,               required),
        ("login && check",         all(vec![login_atom(), of_caller()]),                unchecked,               "check 0"),
        ("login && check: true",   all(vec![login_atom(), of_caller()]),                unchecked.with(0, true), "run"),
        ("login && check: false",  all(vec![login_atom(), of_caller()]),                unchecked.with(0, false), required),
        ("login && (r || check)",  all(vec![login_atom(), any(vec![admin(), of_caller()])]), unchecked,          "check 0"),
        ("anyone's check",         of_anyone(),                                         unchecked,               "check 0"),
        ("object",                 of_object(),                                         unchecked,               required),
        ("login && object",        all(vec![login_atom(), of_object()]),                unchecked,               required),
    ];
    let alice = login(r#"{"sub":"alice","roles":["admin"],"scope":"a","auth_time":999999}"#).with_no_account();
    for (case, formula, checks, expected) in table {
        let handler = Rule { reads: CallerAccess::Caller, ..*rule(formula) };
        let facts = Facts { checks, ..facts(CallerFacts::of(&alice), INSIDE, Passed) };
        let found = decide(alone(&handler), &facts);
        assert_eq!(answer(&found), expected, "{case}");
        if let Decision::Deny(denial) = found {
            assert!(denial.caller.as_ref().is_none_or(|caller| *caller == alice.id()), "{case}: {:?}", denial.caller);
        }
    }
    // The rule of a scope is beside that of the handler.
    let (scope, handler) = (rule(login_atom()), rule(of_caller()));
    let rules = Rules { scopes: &[scope], handler };
    assert_eq!(answer(&decide(rules, &facts(CallerFacts::of(&alice), INSIDE, Passed))), "check 0");
    // RIGHTS-11: the provider is not asked, because its answer changes nothing.
    let external = ExternalRights { is_asked: true, ..ExternalRights::default() };
    let facts = Facts { external, ..facts(CallerFacts::of(&alice), INSIDE, Passed) };
    assert_eq!(answer(&decide(alone(rule(admin())), &facts)), required);
}

#[test]
fn a_credential_that_keeps_its_identity_is_of_the_wrong_kind() {
    // ACCT-16
    let sources = [Arc::new(Issuer { login: loads_account(), ..tokens() }), Arc::new(users())];
    let own = basic(&["admin"]).principal();
    for (formula, expected) in [
        (atom(Atom::Account(Account)), "401 missing-credentials"),
        (atom(Atom::Login(LoginAtom)), "401 missing-credentials"),
        (join(Formula::All, [literal(is(Role("editor"))), atom(Atom::Account(Account))]), "401 missing-credentials"),
        (
            join(Formula::All, [literal(is(Role("suspended"))), atom(Atom::Account(Account))]),
            "403 insufficient-permissions",
        ),
    ] {
        let facts = Facts { sources: &sources, ..facts(CallerFacts::of(&own), OUTSIDE, Passed) };
        let found = decide(alone(rule(formula)), &facts);
        assert_eq!(answer(&found), expected, "{formula:?}");
        if let Decision::Deny(denial) = found.clone()
            && expected.starts_with("401")
        {
            assert!(denial.schemes.contains(Bearer) && !denial.schemes.contains(Basic), "only tokens log in");
        }
    }
}

#[test]
fn a_ceiling_limits_the_rights_of_an_account() {
    // RIGHTS-3, RIGHTS-5, RIGHTS-6
    let alice = login(r#"{"sub":"alice","roles":[]}"#);
    let admin = with_account(&alice, Rights::new().roles(["admin"]));
    let login_atom = || atom(Atom::Login(LoginAtom));
    let limits = [Rights::new(), Rights::new().roles(["editor"]), Rights::new().roles(["admin"]), Rights::everything()];
    let lacks = "403 insufficient-permissions";
    #[rustfmt::skip]
    let table = [
        ("admin",         literal(is(Role("admin"))),         [lacks, lacks, "run", "run"]),
        ("editor",        literal(is(Role("editor"))),        [lacks, "run", "run", "run"]),
        ("authenticated", literal(is(Anyone)),                [lacks, lacks, lacks, "run"]),
        ("login",         login_atom(),                       [lacks, lacks, lacks, "run"]),
        ("account",       atom(Atom::Account(Account)),       [lacks, lacks, lacks, "run"]),
        ("not suspended", literal(not(Role("suspended"))),    [lacks, lacks, lacks, "run"]),
        ("not editor",    literal(not(Role("editor"))),       [lacks, lacks, lacks, lacks]),
    ];
    for (case, formula, expected) in table {
        for (limit, expected) in limits.iter().zip(expected) {
            let caller = admin.clone().with_ceiling(limit.clone());
            assert_eq!(caller.id(), admin.id(), "{case}");
            let found = decide(alone(rule(formula)), &facts(CallerFacts::of(&caller), OUTSIDE, Passed));
            assert_eq!(answer(&found), expected, "{case} within {limit}");
        }
    }
    // A limited login without an account passes no rule, and is anonymous where anonymous callers pass.
    let limited = alice.with_ceiling(Rights::new().roles(["editor"])).with_no_account();
    for (formula, expected) in [(login_atom(), "403 account-required"), (PUBLIC, "run")] {
        let handler = Rule { reads: CallerAccess::Caller, ..*rule(formula) };
        let facts = facts(CallerFacts::of(&limited), OUTSIDE, Passed);
        assert_eq!(answer(&decide(alone(&handler), &facts)), expected, "{formula:?}");
        let counts = !matches!(effective_caller(alone(&handler), &facts), CallerFacts::Nobody);
        assert_eq!(counts, expected != "run", "{formula:?}");
    }
}

// ── random formulas ──────────────────────────────────────────────────────────────────────────────────────────────────

/// A caller, in the terms of the contract. `None` is no answer about roles.
#[derive(Clone, Debug)]
struct World {
    identity: Identity,
    by_credential: Option<&'static [&'static str]>,
    by_account: Option<&'static [&'static str]>,
    acts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identity {
    Own,
    WithAccount,
    WithoutAccount,
}

const ROLE_LISTS: [Option<&[&str]>; 5] =
    [None, Some(&[]), Some(&["editor"]), Some(&["suspended"]), Some(&["admin", "suspended"])];

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Anyone,
    Login,
    Direct,
    Account,
    Role(&'static str),
    NoRole(&'static str),
    Permission(&'static str),
}

const WANTED: [Wanted; 10] = [
    Wanted::Anyone,
    Wanted::Login,
    Wanted::Direct,
    Wanted::Account,
    Wanted::Role("editor"),
    Wanted::Role("suspended"),
    Wanted::NoRole("suspended"),
    Wanted::NoRole("editor"),
    Wanted::Permission("posts:write"),
    Wanted::Permission("posts:read"),
];

impl Wanted {
    fn formula(self) -> Formula {
        match self {
            Self::Anyone => literal(is(Anyone)),
            Self::Login => atom(Atom::Login(LoginAtom)),
            Self::Direct => atom(Atom::Direct(Direct)),
            Self::Account => atom(Atom::Account(Account)),
            Self::Role(name) => literal(is(Role(name))),
            Self::NoRole(name) => literal(not(Role(name))),
            Self::Permission(name) => literal(is(Permission(name))),
        }
    }
}

impl World {
    fn every() -> Vec<Self> {
        let mut worlds = Vec::new();
        for identity in [Identity::Own, Identity::WithAccount, Identity::WithoutAccount] {
            for by_credential in ROLE_LISTS {
                for by_account in ROLE_LISTS {
                    worlds.extend([false, true].map(|acts| Self { identity, by_credential, by_account, acts }));
                }
            }
        }
        worlds
    }

    fn principal(&self) -> Principal {
        let mut claims = serde_json::json!({ "sub": "alice" });
        if let Some(roles) = self.by_credential {
            claims["roles"] = roles.into();
        }
        if self.acts {
            claims["act"] = serde_json::json!({ "sub": "bob" });
        }
        if self.identity == Identity::Own {
            return caller(tokens(), &claims.to_string());
        }
        let principal = login(&claims.to_string());
        match self.identity {
            Identity::WithAccount => {
                let rights = self.by_account.map_or_else(Rights::new, |roles| Rights::new().roles(roles));
                with_account(&principal, rights)
            }
            _ => principal.with_no_account(),
        }
    }

    /// Returns whether the requirement holds, by the text of the contract.
    fn holds(&self, wanted: Wanted) -> bool {
        let has_account = self.identity == Identity::WithAccount;
        if self.identity == Identity::WithoutAccount {
            return matches!(wanted, Wanted::Login);
        }
        // RIGHTS-5, ACCT-3: what the credential confers and the account has, which does not count with an actor.
        let of_credential = self.by_credential.unwrap_or_default().iter();
        let of_account = self.by_account.filter(|_| has_account).unwrap_or_default().iter();
        let listed: Vec<_> = of_credential.clone().chain(of_account.clone()).copied().collect();
        let counting: Vec<_> = of_credential.chain(of_account.filter(|_| !self.acts)).copied().collect();
        let has =
            |roles: &[&str], name: &str| roles.iter().any(|role| *role == name || (*role, name) == ("admin", "editor"));
        match wanted {
            Wanted::Anyone => true,
            Wanted::Login => self.identity != Identity::Own,
            Wanted::Direct => !self.acts,
            Wanted::Account => has_account,
            Wanted::Role(name) => has(&counting, name),
            // RIGHTS-3: each source has answered, and none has the role.
            Wanted::NoRole(name) => {
                let answered = self.by_credential.is_some() && (!has_account || self.by_account.is_some());
                answered && !has(&listed, name)
            }
            Wanted::Permission(_) => has(&counting, "editor"),
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Wanted),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    fn formula(&self) -> Formula {
        match self {
            Self::Leaf(wanted) => wanted.formula(),
            Self::All(nodes) => join(Formula::All, nodes.iter().map(Self::formula)),
            Self::Any(nodes) => join(Formula::Any, nodes.iter().map(Self::formula)),
        }
    }

    fn holds(&self, world: &World) -> bool {
        match self {
            Self::Leaf(wanted) => world.holds(*wanted),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(world)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(world)),
        }
    }
}

#[test]
fn random_formulas_agree_about_callers_with_accounts() {
    let leaf = proptest::sample::select(WANTED.to_vec()).prop_map(Node::Leaf);
    let node = leaf.prop_recursive(3, 10, 4, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Node::All), parts.prop_map(Node::Any)]
    });
    let worlds: Vec<_> = World::every().into_iter().map(|world| (world.principal(), world)).collect();
    let outcome = runner(1000).run(&node, |node| {
        let handler = Rule { reads: CallerAccess::Caller, ..*rule(node.formula()) };
        for (principal, world) in &worlds {
            let found = decide(alone(&handler), &facts(CallerFacts::of(principal), OUTSIDE, Passed));
            let granted = found == Decision::Allow;
            prop_assert_eq!(granted, node.holds(world), "{:?} for {:?}: {:?}", node, world, found);
            if !granted && world.identity == Identity::WithoutAccount {
                prop_assert_eq!(answer(&found), "403 account-required");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
