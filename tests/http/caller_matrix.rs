//! Tests of `assert_matrix` for all kinds of callers: with accounts, with tokens of the application, and with credentials that are bound to
//! tenants.

use actix_web::{App, get};
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::matrix::Matrix;
use auth_actix::test::{Keys, MatrixTest, access_matrix};
use auth_actix::tokens::{MemoryTokenStore, Tokens};
use auth_actix::{
    Auth, AuthBuilder, Caller, Confers, Id, Jwt, Principal, at, public, require, require_auth, require_permission,
    require_role,
};
use auth_tests::token::{AUDIENCE, ISSUER, SECRET};

use crate::{Permission, Role};

#[derive(Clone, Copy, Debug, auth_actix::Credential)]
enum Credential {
    MerchantKey,
    PersonalToken,
    AdminKey,
}

struct Member;

struct Members;

impl Accounts for Members {
    type Account = Member;
    type Error = &'static str;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, _: &Login<'_>) -> Result<Lookup<Member>, &'static str> {
        Err("the accounts of a matrix are those of the test")
    }

    fn account_id(&self, _: &Member) -> AccountId {
        AccountId::new("member", 7)
    }
}

struct Memberships;

impl RightsProvider for Memberships {
    async fn rights(&self, _: &Id, _: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        Err(RightsUnavailable)
    }
}

macro_rules! handlers {
    ($($(#[$rule:meta])* $name:ident $path:literal ($($argument:ty)?);)*) => {$(
        $(#[$rule])*
        #[get($path)]
        async fn $name($(_: $argument)?) -> &'static str {
            stringify!($name)
        }
    )*};
}

handlers! {
    #[require(login)] sign_up "/sign-up" (Principal);
    #[require(login && direct)] own "/own" (Principal);
    #[require_auth] account "/account" (Caller<Member>);
    #[public] home "/home" (Option<Caller<Member>>);
    #[require_role("admin")] admin "/admin" ();
    #[require_auth(any_token = "said")] any "/any" ();
    #[require(credential("merchant-key"))] key "/key" ();
    #[require(credential("merchant-key", in = org))] key_of "/key-of" (auth_actix::Tenant);
    #[require(credential("personal-token") || role("admin"))] personal "/personal" ();
    #[require_auth(in = org)] member "/member" (auth_actix::Tenant);
    #[require_role("editor", in = org)] editor "/editor" (auth_actix::Tenant);
    #[require(credential("admin-key") || (role("editor", in = org) && !role("suspended", in = org)))] path "/orgs/{org}" ();
    #[require_permission("posts:write", in = (org, team))] team "/teams/{team}" (auth_actix::Tenant);
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE)
}

fn tokens(name: &str, prefix: &str) -> Tokens {
    Tokens::named(name).prefix(prefix).store(MemoryTokenStore::new(10))
}

/// An application with accounts, two kinds of tokens, a fixed token, and logins whose roles are those of a provider.
fn with_accounts(keys: &Keys) -> AuthBuilder {
    Auth::builder()
        .tenant("org", at::header("X-Org").or_path("org"))
        .bearer(jwt().confers(Confers::nothing()).logs_in())
        .tokens(tokens("merchant-key", "snd_").confers(Rights::everything()))
        .tokens(tokens("personal-token", "pat_").confers(Rights::everything()).for_accounts())
        .tokens(Tokens::fixed("admin-key", "the-key-of-administrators", Rights::everything()))
        .accounts(Members)
        .rights_from(Memberships)
        .test_keys(keys)
}

macro_rules! app {
    ($auth:expr) => {{
        let scope = $auth.scope("").service(sign_up).service(own).service(account).service(home).service(admin);
        let scope = scope.service(any).service(key).service(key_of).service(personal).service(member);
        App::new().service(scope.service(editor).service(path).service(team))
    }};
}

#[actix_web::test]
async fn every_kind_of_caller_is_sent_and_compared() {
    // TENANT-13, TENANT-14, ACCT-5, ACCT-16, RIGHTS-6
    let keys = Keys::new();
    let auth = with_accounts(&keys).build().unwrap();
    let test = || MatrixTest::new(&keys).account(|| Member);
    assert_eq!(test().assert(app!(auth)).await, [] as [&str; 0]);
    // A rule that differs from the reviewed one is found.
    let reviewed = access_matrix(app!(auth)).await.to_markdown();
    for (written, instead) in [
        ("`login`", "`authenticated`"),
        ("`login && direct`", "`login`"),
        ("`login && direct`", "`direct`"),
        ("`authenticated && account`", "`authenticated`"),
        ("`credential(\"merchant-key\")`", "`credential(\"personal-token\")`"),
        ("`credential(\"merchant-key\")`", "`authenticated`"),
        ("`credential(\"merchant-key\", in = org)`", "`credential(\"merchant-key\")`"),
        ("`credential(\"merchant-key\", in = org)`", "`authenticated(in = org)`"),
        ("credential(\"personal-token\") || ", ""),
        ("`authenticated(in = org)`", "`authenticated`"),
        ("`authenticated(in = org)`", "`role(\"editor\", in = org)`"),
        ("credential(\"admin-key\") || ", ""),
        (" && !role(\"suspended\", in = org)", ""),
        ("in = (org, team)", "in = org"),
    ] {
        assert!(reviewed.contains(written), "{written}: {reviewed}");
        let other = Matrix::from_markdown(&reviewed.replacen(written, instead, 1)).unwrap();
        assert!(test().verify(app!(auth), Some(&other)).await.is_err(), "{written}: {instead}");
    }
    // Limited credentials pass without a right only where the handler says so.
    let other = Matrix::from_markdown(&reviewed.replace("; admits any limited credential: said", "")).unwrap();
    assert!(test().verify(app!(auth), Some(&other)).await.is_err());
    // Without accounts, the callers that have one are reported.
    let undecided = MatrixTest::new(&keys).verify(app!(auth), None).await.unwrap();
    assert!(undecided.iter().any(|atom| atom.contains("callers with an account")), "{undecided:?}");
    let _ = (
        Role::Admin,
        Permission::PostsWrite,
        [Credential::MerchantKey, Credential::PersonalToken, Credential::AdminKey],
    );
}

#[actix_web::test]
async fn tokens_that_are_bound_to_tenants_are_sent() {
    // TENANT-10, TENANT-12, RIGHTS-13
    let keys = Keys::new();
    let settings: [(&str, fn() -> AuthBuilder); 4] = [
        ("a claim", || {
            Auth::builder().tenant("org", at::header("X-Org")).bearer(jwt().tenant_in_claim("org", "/org_id"))
        }),
        ("a value", || Auth::builder().tenant("org", at::header("X-Org")).bearer(jwt().tenant("org", "acme"))),
        ("only the claim", || {
            Auth::builder().tenant("org", at::credential()).bearer(jwt().tenant_in_claim("org", "/o"))
        }),
        ("rights for each tenant", || {
            Auth::builder().tenant("org", at::header("X-Org")).bearer(jwt().access_by_tenant("/access", |_| None))
        }),
    ];
    for (case, builder) in settings {
        let auth = builder().test_keys(&keys).build().unwrap();
        let app = || App::new().service(auth.scope("").service(member).service(editor));
        let undecided = MatrixTest::new(&keys).assert(app()).await;
        assert_eq!(undecided, [] as [&str; 0], "{case}");
        let reviewed = access_matrix(app()).await.to_markdown();
        let other = Matrix::from_markdown(&reviewed.replace("\"editor\"", "\"suspended\"")).unwrap();
        assert!(MatrixTest::new(&keys).verify(app(), Some(&other)).await.is_err(), "{case}");
    }
}
