use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::identity::issuer::{Issuer, LoginPolicy, LoginSource};
use crate::identity::rights::Rights;
use crate::policy::atom::tests::{alice, source};

struct Member {
    id: u8,
    kind: &'static str,
}

/// Finds member 1 for each login, unless a test has set another behavior.
#[derive(Clone, Default)]
struct Members {
    finds: Arc<AtomicUsize>,
    provisions: Arc<AtomicUsize>,
    behavior: Arc<Mutex<&'static str>>,
    is_slow: Arc<AtomicBool>,
    ttl: Duration,
}

impl Members {
    fn behaves(&self, behavior: &'static str) -> &Self {
        *self.behavior.lock().unwrap() = behavior;
        self
    }

    fn calls(&self) -> (usize, usize) {
        (self.finds.swap(0, Ordering::SeqCst), self.provisions.swap(0, Ordering::SeqCst))
    }

    async fn answer(&self, behavior: &str) -> Result<Lookup<Member>, &'static str> {
        if self.is_slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(match behavior {
            "panics" => panic!("as stores do"),
            "hangs" => std::future::pending().await,
            "fails" => return Err("password of the database: canary\nsecond line"),
            "missing" => Lookup::NotFound,
            "revoked" => Lookup::Revoked,
            "suspended" => Lookup::Suspended(Member { id: 1, kind: "member" }),
            "unknown kind" => Lookup::Found(Member { id: 1, kind: "robot" }),
            _ => Lookup::Found(Member { id: 1, kind: "member" }),
        })
    }
}

impl Accounts for Members {
    type Account = Member;
    type Error = &'static str;
    const KINDS: &'static [&'static str] = &["member", "merchant"];

    async fn find(&self, _: &Login<'_>) -> Result<Lookup<Member>, &'static str> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        let behavior = *self.behavior.lock().unwrap();
        let behavior = behavior.strip_prefix("missing, then ").map_or(behavior, |_| "missing");
        self.answer(behavior).await
    }

    async fn provision(&self, _: &Login<'_>) -> Result<Lookup<Member>, &'static str> {
        self.provisions.fetch_add(1, Ordering::SeqCst);
        let behavior = *self.behavior.lock().unwrap();
        self.answer(behavior.strip_prefix("missing, then ").unwrap_or(behavior)).await
    }

    fn account_id(&self, account: &Member) -> AccountId {
        AccountId::new(account.kind, account.id)
    }

    fn rights(&self, _: &Member) -> Rights {
        Rights::new().roles(["editor"])
    }

    fn cache_ttl(&self) -> Duration {
        self.ttl
    }
}

fn accounts(seconds: u64) -> (ProvidedAccounts, Members) {
    let members = Members { ttl: Duration::from_secs(seconds), ..Members::default() };
    (ProvidedAccounts::new(members.clone()), members)
}

fn caller(scheme: SchemeId, members: &str) -> Principal {
    let login = LoginSource { policy: LoginPolicy::LoadsAccount, ..LoginSource::default() };
    alice(Issuer { scheme, login, ..source() }, members)
}

fn login() -> Principal {
    caller(SchemeId::Bearer, "")
}

fn of<'a>(principal: &'a Principal, token: &str) -> LookUp<'a> {
    LookUp { principal, digest: Some(TokenDigest::sha256(token.as_bytes())), may_provision: true, client: None }
}

/// Returns the outcome as a word, and the id of the account.
fn told(found: Result<AccountLookup, LookUpError>) -> String {
    match found.map(|lookup| lookup.found) {
        Err(LookUpError::Unavailable) => "unavailable".to_owned(),
        Err(LookUpError::TooManyFailures(_)) => "delayed".to_owned(),
        Ok(Lookup::Found(account)) => account.id().to_string(),
        Ok(Lookup::Suspended(account)) => format!("suspended {}", account.id()),
        Ok(Lookup::NotFound) => "missing".to_owned(),
        Ok(Lookup::Revoked) => "revoked".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_provider_are_unavailability() {
    // ACCT-2, ACCT-9
    let (accounts, members) = accounts(0);
    #[rustfmt::skip]
    let table = [
        ("found", "account:member:1"), ("suspended", "suspended account:member:1"), ("revoked", "revoked"),
        ("panics", "unavailable"), ("hangs", "unavailable"), ("fails", "unavailable"), ("unknown kind", "unavailable"),
        ("missing", "missing"), ("missing, then found", "account:member:1"), ("missing, then panics", "unavailable"),
        ("missing, then hangs", "unavailable"), ("missing, then fails", "unavailable"),
    ];
    for (behavior, expected) in table {
        members.behaves(behavior);
        accounts.provisioned.clear();
        assert_eq!(told(accounts.ask(of(&login(), "t")).await), expected, "{behavior}");
    }
}

#[test]
fn kinds_and_cache_lifetime_are_checked_at_start() {
    // ACCT-2, ACCT-10
    let (accounts, _) = accounts(60);
    assert_eq!(accounts.check(), Ok(()));
    let with = |kinds| ProvidedAccounts { kinds, ..self::accounts(0).0 }.check();
    #[rustfmt::skip]
    let table: &[(&[&str], AccountsError)] = &[
        (&[],                   AccountsError::NoKinds),
        (&["member", "Robot"],  AccountsError::Kind("Robot")),
        (&["a", "b", "a"],      AccountsError::KindTwice("a")),
    ];
    for (kinds, expected) in table {
        assert_eq!(with(kinds), Err(expected.clone()), "{kinds:?}");
    }
    assert_eq!(self::accounts(61).0.check(), Err(AccountsError::CacheTtl));
}

#[tokio::test(start_paused = true)]
async fn found_and_suspended_accounts_are_cached_by_credential() {
    // ACCT-10
    let (accounts, members) = accounts(60);
    let alice = login();
    for (behavior, is_cached) in [("found", true), ("suspended", true), ("missing", false), ("revoked", false)] {
        members.behaves(behavior);
        let asked = told(accounts.ask(of(&alice, behavior)).await);
        let cached = accounts.cached(&of(&alice, behavior)).map(told);
        assert_eq!(cached, is_cached.then_some(asked), "{behavior}");
    }
    assert!(accounts.cached(&of(&alice, "other")).is_none(), "another token of the login");
    assert!(accounts.cached(&of(&caller(SchemeId::TOKEN_COOKIE, ""), "found")).is_none(), "the token in a cookie");
    let no_digest = LookUp { digest: None, ..of(&alice, "") };
    members.behaves("found");
    told(accounts.ask(no_digest).await);
    assert!(accounts.cached(&LookUp { digest: None, ..of(&alice, "") }).is_none());
    accounts.invalidate(&AccountId::new("merchant", 1));
    assert!(accounts.cached(&of(&alice, "found")).is_some(), "another account");
    accounts.invalidate(&AccountId::new("member", 1));
    for behavior in ["found", "suspended"] {
        assert!(accounts.cached(&of(&alice, behavior)).is_none(), "{behavior}");
    }
    told(accounts.ask(of(&alice, "found")).await);
    assert!(accounts.cached(&of(&alice, "found")).is_some(), "it is cached again");
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_flight_is_not_cached_after_invalidation() {
    // ACCT-10
    let (accounts, members) = accounts(60);
    members.is_slow.store(true, Ordering::SeqCst);
    let alice = login();
    let invalidate = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        accounts.invalidate(&AccountId::new("member", 1));
    };
    let (found, ()) = tokio::join!(accounts.ask(of(&alice, "t")), invalidate);
    assert_eq!(told(found), "account:member:1");
    assert!(accounts.cached(&of(&alice, "t")).is_none());
}

#[tokio::test(start_paused = true)]
async fn accounts_are_created_for_logins_of_persons_only() {
    // ACCT-13
    let (accounts, members) = accounts(0);
    members.behaves("missing, then found");
    let of_account = r#","session":{"account":"account:member:1"}"#;
    #[rustfmt::skip]
    let table = [
        (SchemeId::Bearer,            "",                               true,  1),
        (SchemeId::Basic,             "",                               true,  1),
        (SchemeId::Bearer,            "",                               false, 0),
        (SchemeId::Bearer,            r#","client_id":"alice""#,        true,  0),
        (SchemeId::Bearer,            r#","act":{"sub":"bob"}"#,        true,  0),
        (SchemeId::Session,           "",                               true,  0),
        (SchemeId::Session,           of_account,                       true,  0),
        (SchemeId::ApiKey,            "",                               true,  0),
        (SchemeId::ClientCertificate, "",                               true,  0),
    ];
    for (scheme, claims, may_provision, expected) in table {
        accounts.provisioned.clear();
        let caller = caller(scheme, claims);
        let lookup = accounts.ask(LookUp { may_provision, ..of(&caller, "t") }).await.unwrap();
        assert_eq!(members.calls(), (1, expected), "{scheme:?} {claims} {may_provision}");
        assert_eq!((lookup.is_new, lookup.names_account), (expected == 1, claims == of_account), "{scheme:?} {claims}");
    }
    // Concurrent requests of one login share one call.
    accounts.provisioned.clear();
    members.is_slow.store(true, Ordering::SeqCst);
    let alice = login();
    let ask = || accounts.ask(of(&alice, "t"));
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert_eq!(members.calls(), (3, 1));
    let new = [one, two, three].map(|lookup| lookup.unwrap().is_new);
    assert_eq!(new.into_iter().filter(|is_new| *is_new).count(), 1, "it is created once");
}

#[tokio::test(start_paused = true)]
async fn failures_to_create_an_account_delay_the_address() {
    // ACCT-13
    let (accounts, members) = accounts(0);
    let seen = |last| Some(PeerOrClient::Client(std::net::IpAddr::from([192, 0, 2, last])));
    let ask = async |client| told(accounts.ask(LookUp { client, ..of(&login(), "t") }).await);
    // A login for which no account is created has not failed.
    members.behaves("missing");
    for _ in 0..50 {
        accounts.provisioned.clear();
        assert_eq!(ask(seen(1)).await, "missing");
    }
    members.behaves("missing, then fails");
    accounts.provisioned.clear();
    let mut outcomes = Vec::new();
    for _ in 0..40 {
        outcomes.push(ask(seen(1)).await);
    }
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "unavailable").count(), 20, "{outcomes:?}");
    assert_eq!(outcomes.last().map(String::as_str), Some("delayed"));
    members.calls();
    assert_eq!(ask(seen(1)).await, "delayed");
    assert_eq!(members.calls(), (1, 0), "nothing is created while the address is delayed");
    assert_eq!(ask(seen(2)).await, "unavailable", "another address");
    assert_eq!(ask(None).await, "unavailable", "an unknown address is not counted");
    // An account that exists is found.
    members.behaves("found");
    assert_eq!(ask(seen(1)).await, "account:member:1");
}
