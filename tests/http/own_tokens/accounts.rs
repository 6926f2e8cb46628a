//! Tests of tokens that act for accounts: they never have more rights than the account, or than their ceiling.

use super::*;

use actix_web::get;
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Who};
use auth_actix::{BuildError, Caller, require, require_auth, require_scope};

struct Member(u32);

struct Members;

impl Accounts for Members {
    type Account = Member;
    type Error = std::convert::Infallible;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, Self::Error> {
        let id = match login.who() {
            Who::Account(id) => id.parse("member"),
            Who::External(_) => Some(7),
        };
        Ok(match id {
            Some(7) => Lookup::Found(Member(7)),
            Some(8) => Lookup::Suspended(Member(8)),
            Some(9) => Lookup::Found(Member(9)),
            _ => Lookup::NotFound,
        })
    }

    fn account_id(&self, member: &Member) -> AccountId {
        AccountId::new("member", member.0)
    }

    fn rights(&self, member: &Member) -> Rights {
        Rights::new().roles(if member.0 == 7 { vec!["admin"] } else { Vec::new() })
    }
}

#[require_scope("read:reports")]
#[get("/profile")]
async fn get_profile(me: Caller<Member>) -> String {
    format!("{} {}", me.0, me.principal().has_role(Role::Admin))
}

#[require(login)]
#[get("/login")]
async fn get_login() -> &'static str {
    "login"
}

#[require(authenticated && check(*id == caller.id().to_string()))]
#[get("/owned/{id}")]
async fn get_owned(id: actix_web::web::Path<String>, caller: Principal) -> String {
    id.into_inner() + " of " + &caller.id().to_string()
}

#[require_auth]
#[get("/key")]
async fn get_key(me: Caller<Member>) -> String {
    me.account_id().to_string()
}

fn for_members(store: &Counted) -> Tokens {
    let confers = Rights::new().roles(["admin"]).scopes(All);
    Tokens::named("personal").prefix("pat_").accept_unchecked().store(store.clone()).confers(confers).for_accounts()
}

fn serve_members(store: &Counted) -> Server {
    let builder = Auth::builder().bearer(jwt().logs_in()).tokens(for_members(store)).accounts(Members);
    let auth = builder.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_me).service(get_admin).service(get_reports).service(get_profile);
        config.service(scope.service(get_login).service(get_owned).service(get_key));
    })
}

const LACKS: &str = "403 insufficient-permissions";
const SCOPE: &str = "403 insufficient-scope";

#[test]
fn token_of_an_account_is_within_the_account_and_its_ceiling() {
    // TOKEN-7, RIGHTS-5, RIGHTS-6, ACCT-1, ACCT-5, rows 9b and 9c
    let store = Counted::new();
    let add = |name: &str, account: u32, ceiling: Option<Rights>| {
        store.add(&format!("pat_{name}"), |record| {
            record.owner = Owner::Account(AccountId::new("member", account));
            record.ceiling = ceiling;
        });
    };
    let reader = || Some(Rights::new().scopes(["read:reports"]));
    add("all", 7, Some(Rights::everything()));
    add("reader", 7, reader());
    add("admin", 7, Some(Rights::new().roles(["admin"])));
    add("empty", 7, Some(Rights::new()));
    add("silent", 7, None);
    add("suspended", 8, reader());
    add("without-role", 9, Some(Rights::everything()));
    add("gone", 10, reader());
    store.add("pat_ghost", |record| record.owner = Owner::Account(AccountId::new("ghost", 7)));
    store.add("pat_client", |record| record.ceiling = reader());
    let server = serve_members(&store);
    let id = "ApiKey account:member:7";
    let (other, wrong) = ("ApiKey account:member:9", "401 missing-credentials");
    let (ended, away) = ("401 revoked-credentials", "503 authentication-unavailable");
    let out = "403 account-suspended";
    let paths = ["/me", "/admin", "/reports", "/profile", "/login", "/owned/account:member:7", "/key"];
    let owned = "account:member:7 of account:member:7";
    #[rustfmt::skip]
    let table = [
        // (token,         /me,   /admin,  /reports,  /profile,  /login, /owned, /key)
        // Confers no permissions, so that no token is unlimited.
        ("all",            [LACKS, "admin", "reports", "7 true",  wrong,  LACKS,  LACKS]),
        ("reader",         [LACKS, LACKS,   "reports", "7 false", wrong,  LACKS,  LACKS]),
        ("admin",          [LACKS, "admin", SCOPE,     SCOPE,     wrong,  LACKS,  LACKS]),
        ("empty",          [LACKS, LACKS,   SCOPE,     SCOPE,     wrong,  LACKS,  LACKS]),
        ("silent",         [LACKS, LACKS,   SCOPE,     SCOPE,     wrong,  LACKS,  LACKS]),
        ("suspended",      [out; 7]),
        ("without-role",   [LACKS, LACKS,   "reports", "9 false", wrong,  LACKS,  LACKS]),
        ("gone",           [ended; 7]),
        ("ghost",          [ended; 7]),
        ("client",         [away; 7]),
    ];
    for (token, expected) in table {
        for (path, expected) in paths.into_iter().zip(expected) {
            let answer = server.send(&ask(path).authorization(format!("Bearer pat_{token}")));
            assert_eq!(found(&answer), expected, "{token} {path}");
        }
    }
    // With everything to confer, a ceiling of everything limits nothing.
    let tokens = Tokens::named("personal").prefix("pat_").accept_unchecked().store(store.clone()).for_accounts();
    let auth = Auth::builder().tokens(tokens).accounts(Members).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_me).service(get_owned).service(get_key));
    });
    let send = |path: &str, token: &str| found(&server.send(&ask(path).authorization(format!("Bearer pat_{token}"))));
    assert_eq!(send("/me", "all"), id);
    assert_eq!(send("/owned/account:member:7", "all"), owned);
    assert_eq!(send("/owned/account:member:7", "without-role"), LACKS);
    assert_eq!(send("/me", "without-role"), other);
    assert_eq!(send("/key", "all"), "account:member:7");
    assert_eq!(send("/owned/account:member:7", "empty"), LACKS, "an empty ceiling edits nothing of its owner");
}

#[test]
fn tokens_of_accounts_require_accounts() {
    // ACCT-3
    let store = Counted::new();
    let error = |builder: AuthBuilder| builder.build().unwrap_err().to_string();
    let without = error(Auth::builder().tokens(for_members(&store)));
    assert!(without.contains("`.for_accounts()` requires `.accounts(…)`"), "{without}");
    let fixed = Tokens::fixed("master", MASTER, Rights::new()).for_accounts();
    let fixed = error(Auth::builder().tokens(fixed).accounts(Members));
    assert!(fixed.contains("a fixed token has no owner"), "{fixed}");
    let undecided = Auth::builder().bearer(jwt()).tokens(for_members(&store)).accounts(Members).build();
    assert!(matches!(undecided, Err(BuildError::LoginMissing("bearer"))), "{undecided:?}");
}
