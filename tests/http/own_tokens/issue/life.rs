//! Tests of issued tokens from issue to revocation, and of the errors.

use super::*;

use actix_web::ResponseError as _;
use auth_actix::BuildError;
use auth_actix::tokens::{TokenRecordError, TokensError};

fn of_alice(why: &'static str) -> NewToken {
    NewToken::for_account(AccountId::new("member", 7), why)
}

fn secret(issued: &IssuedToken) -> &str {
    issued.secret.expose_secret()
}

#[test]
fn issued_token_works_and_its_secret_is_not_shown() {
    // TOKEN-4, TOKEN-5, TOKEN-7, P29
    let place = place();
    let issued = place.issue_for(|of| &of.personal, of_alice("a test").named("ci").roles(["admin"]));
    let prefix: TokenPrefix = "pat_".parse().unwrap();
    assert!(prefix.has_checksum(secret(&issued)) && issued.id == issued.record.id);
    let shown = format!("{issued:?} {:?} {:?}", issued.record, place.sources.personal);
    assert!(!shown.contains(secret(&issued)) && shown.contains(issued.id.as_str()), "{shown}");
    let send = |path: &str, token: &str| place.send(&ask(path).authorization(format!("Bearer {token}")));
    assert_eq!(send("/admin", secret(&issued)), "admin");
    // Without names, the ceiling is empty, although that of the source is everything for records of other writers.
    let empty = place.issue_for(|of| &of.personal, of_alice("a test"));
    assert_eq!(empty.record.ceiling, Some(Rights::new()));
    assert_eq!(send("/admin", secret(&empty)), "403 insufficient-permissions");
    place.stores[0].add("pat_other-writer", |record| {
        record.owner = Owner::Account(AccountId::new("member", 7));
        record.ceiling = None;
    });
    assert_eq!(send("/admin", "pat_other-writer"), "admin");
    let key = place.issue_for(|of| &of.clients, NewToken::for_client("backup", "a test").scopes(["read:reports"]));
    assert_eq!(send("/me", secret(&key)), "ApiKey client:10:token:keys:backup");
    assert_eq!(send("/reports", secret(&key)), "reports");
    let brief = place.issue_for(|of| &of.clients, NewToken::for_client("b", "").expires_in(Duration::from_secs(60)));
    let lifetime = brief.record.expires.unwrap().duration_since(brief.record.created).unwrap();
    assert_eq!(lifetime, Duration::from_secs(60));
}

#[test]
fn opaque_tokens_are_issued_without_a_prefix() {
    // TOKEN-2, TOKEN-4
    let keys = Tokens::named("keys").opaque().store(MemoryTokenStore::new(10));
    let server = serve(Auth::builder().tokens(keys.clone()));
    let issued = futures_lite(keys.issue(NewToken::for_client("backup", "a test"))).unwrap();
    assert_eq!(secret(&issued).len(), 43);
    let answer = server.send(&ask("/me").authorization(format!("Bearer {}", secret(&issued))));
    assert_eq!(found(&answer), "ApiKey client:10:token:keys:backup");
}

#[test]
fn rotation_replaces_a_token_after_the_overlap() {
    // TOKEN-14
    let place = place();
    let send = |issued: &IssuedToken| place.send(&ask("/admin").authorization(format!("Bearer {}", secret(issued))));
    let rotate = |id: &TokenId, seconds| futures_lite(place.sources.personal.rotate(id, Duration::from_secs(seconds)));
    let first = place.issue_for(|of| &of.personal, of_alice("a test").named("ci").roles(["admin"]));
    let second = rotate(&first.id, 3600).unwrap();
    assert_eq!((send(&first).as_str(), send(&second).as_str()), ("admin", "admin"), "both are valid in the overlap");
    let mut expected = first.record.clone();
    (expected.id, expected.created) = (second.id.clone(), second.record.created);
    assert_eq!(second.record, expected);
    assert!(matches!(rotate(&first.id, 0), Err(IssueError::UnknownToken)), "it was rotated before");
    let third = rotate(&second.id, 0).unwrap();
    assert_eq!((send(&second).as_str(), send(&third).as_str()), ("401 expired-credentials", "admin"));
    // The use after the overlap is an event, once a minute.
    let start = std::time::Instant::now();
    let late = loop {
        let late = place.record.take("replaced-token-used");
        if !late.is_empty() || start.elapsed() > Duration::from_secs(5) {
            break late;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(late, [["account:member:7".to_owned(), format!("token {} of personal", second.id), String::new()]]);
    // The revocation of one revokes all.
    assert!(futures_lite(place.sources.personal.revoke(&third.id)).unwrap());
    for token in [&first, &second, &third] {
        assert_eq!(send(token), "401 revoked-credentials");
    }
    assert!(matches!(rotate(&third.id, 0), Err(IssueError::UnknownToken)), "it is revoked");
    assert!(!futures_lite(place.sources.personal.revoke(&third.id)).unwrap());
    assert!(!futures_lite(place.sources.personal.revoke(&"unknown".parse().unwrap())).unwrap());
}

/// A store whose records are cached, because it does not find them in memory.
struct Asked(MemoryTokenStore);

impl TokenStore for Asked {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        self.0.find(digest)
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        self.0.touch(id, at)
    }

    fn admin(&self) -> Option<&dyn TokenAdmin> {
        self.0.admin()
    }
}

#[test]
fn cached_tokens_are_revoked_and_replaced_at_once() {
    // TOKEN-14, TOKEN-15, H8
    let keys = Tokens::named("keys").prefix("key_").store(Asked(MemoryTokenStore::new(10)));
    let keys = keys.cache(Duration::from_secs(60));
    let server = serve(Auth::builder().tokens(keys.clone()));
    let send =
        |issued: &IssuedToken| found(&server.send(&ask("/me").authorization(format!("Bearer {}", secret(issued)))));
    let issue = || futures_lite(keys.issue(NewToken::for_client("backup", "a test"))).unwrap();
    let (first, other, id) = (issue(), issue(), "ApiKey client:10:token:keys:backup");
    assert_eq!((send(&first).as_str(), send(&other).as_str()), (id, id));
    let second = futures_lite(keys.rotate(&first.id, Duration::ZERO)).unwrap();
    assert_eq!((send(&first).as_str(), send(&second).as_str()), ("401 expired-credentials", id));
    // The revocation names a token of the lineage that was replaced before.
    assert!(futures_lite(keys.revoke(&first.id)).unwrap());
    let revoked = "401 revoked-credentials";
    assert_eq!((send(&first).as_str(), send(&second).as_str(), send(&other).as_str()), (revoked, revoked, id));
}

#[test]
fn an_expired_token_that_was_not_rotated_is_no_event() {
    // TOKEN-14
    let place = place();
    place.stores[2].add("key_old", |record| record.expires = Some(SystemTime::now() - Duration::from_secs(60)));
    let old =
        place.stores[2].add("key_ended", |record| record.expires = Some(SystemTime::now() + Duration::from_secs(60)));
    futures_lite(place.sources.clients.rotate(&old, Duration::ZERO)).unwrap();
    for token in ["key_old", "key_ended"] {
        assert_eq!(place.send(&ask("/me").authorization(format!("Bearer {token}"))), "401 expired-credentials");
    }
    let start = std::time::Instant::now();
    let mut late = Vec::new();
    while late.is_empty() && start.elapsed() < Duration::from_secs(5) {
        late = place.record.take("replaced-token-used");
        std::thread::sleep(Duration::from_millis(20));
    }
    let [[subject, entry, _]] = late.as_slice() else { panic!("{late:?}") };
    assert_eq!((subject.as_str(), entry.as_str()), ("client:10:token:keys:backup", &*format!("token {old} of keys")));
}

#[test]
fn login_sessions_keep_the_time_of_their_login() {
    // TOKEN-7, TOKEN-8, ACCT-5
    let place = place();
    let hour = Duration::from_secs(3600);
    let old = place.stores[1].add("log_old", |record| {
        record.owner = Owner::Account(AccountId::new("member", 7));
        record.ceiling = Some(Rights::everything());
        record.created = SystemTime::now() - hour;
    });
    let post = |token: &str| {
        place.send(
            &request("POST", "/tokens").authorization(format!("Bearer {token}")).field("Content-Type", "text/plain"),
        )
    };
    let recent = place.issue_for(|of| &of.logins, of_alice("login").ceiling(Rights::everything()));
    assert_eq!(post(secret(&recent)), "415 unsupported-media-type", "the rule holds: the login is recent");
    assert_eq!(post("log_old"), "401 step-up-required");
    let rotated = futures_lite(place.sources.logins.rotate(&old, Duration::ZERO)).unwrap();
    assert_eq!(post(secret(&rotated)), "401 step-up-required", "a rotation is no login");
    // A caller cannot make its login recent by issuing another session.
    assert_eq!(place.send(&request("POST", "/keep").authorization(format!("Bearer {}", secret(&rotated)))), "kept");
    let kept = place.kept.0.lock().unwrap().clone().unwrap();
    let next = futures_lite(place.sources.logins.issue(NewToken::by(&kept).scopes(All))).unwrap();
    assert_eq!(next.record.created, rotated.record.created);
    assert_eq!(place.send(&request("POST", "/keep").authorization(bearer(json!({})))), "kept");
    let kept = place.kept.0.lock().unwrap().clone().unwrap();
    let unknown = futures_lite(place.sources.logins.issue(NewToken::by(&kept)));
    assert!(matches!(unknown, Err(IssueError::Denied(_))), "the token of the provider has no time of login");
}

#[test]
fn owners_have_a_limited_number_of_tokens() {
    // TOKEN-8
    let place = place();
    let alice = Owner::Account(AccountId::new("member", 7));
    let mut oldest = None;
    for number in 0..Tokens::MAX_PER_OWNER {
        for store in [0, 1] {
            let id = place.stores[store].add(&format!("x{store}-{number}"), |record| {
                record.owner = alice.clone();
                record.created = SystemTime::now() - Duration::from_secs(1000 - number as u64);
            });
            oldest = oldest.or((store == 1).then_some(id));
        }
    }
    let personal = || futures_lite(place.sources.personal.issue(of_alice("a test")));
    assert_eq!(personal().unwrap_err(), IssueError::LimitReached);
    let list = |store: usize| futures_lite(place.stores[store].tokens.list(&alice)).unwrap();
    let any = list(0)[50].id.clone();
    assert!(futures_lite(place.sources.personal.revoke(&any)).unwrap());
    let revoked = list(0).into_iter().find(|record| record.id == any).unwrap();
    assert!(revoked.expires.is_some(), "it ends, so that the store removes it in time");
    assert!(personal().is_ok() && personal().is_err());
    // Another owner is not affected, and a new login session revokes the oldest.
    let other = NewToken::for_account(AccountId::new("member", 8), "a test");
    assert!(futures_lite(place.sources.personal.issue(other)).is_ok());
    assert!(futures_lite(place.sources.logins.issue(of_alice("login"))).is_ok());
    let revoked: Vec<_> = list(1).into_iter().filter(|record| record.revoked).map(|record| record.id).collect();
    assert_eq!(revoked, [oldest.unwrap()]);
}

#[test]
fn administration_is_audited() {
    // TOKEN-7, TOKEN-14
    let place = place();
    let issued = place.issue_for(|of| &of.personal, of_alice("import of the old keys"));
    let entry = format!("token {} of personal", issued.id);
    let event = |entry: &str, why: &str| ["account:member:7".to_owned(), entry.to_owned(), why.to_owned()];
    assert_eq!(place.record.take("token-issued"), [event(&entry, "import of the old keys")]);
    let next = futures_lite(place.sources.personal.rotate(&issued.id, Duration::ZERO)).unwrap();
    assert_eq!(place.record.take("token-rotated"), [event(&format!("{entry}, replaced by {}", next.id), "")]);
    futures_lite(place.sources.personal.revoke(&issued.id)).unwrap();
    assert_eq!(place.record.take("token-revoked"), [event(&entry, "")]);
    let key = place.issue_for(|of| &of.clients, NewToken::for_client("backup", "nightly"));
    let entry = format!("token {} of keys", key.id);
    assert_eq!(place.record.take("token-issued"), [["client:10:token:keys:backup", entry.as_str(), "nightly"]]);
    let send = |case: &str| place.send(&request("POST", &format!("/issue/{case}")).authorization(bearer(json!({}))));
    assert_eq!(send("viewer"), "403 insufficient-permissions");
    let denied = place.record.take("denied");
    assert_eq!(denied, [event("", "the token would hold a name that the caller does not hold")]);
    // Without a record, no token is issued, and a token is still revoked.
    place.record.is_broken.store(true, Ordering::SeqCst);
    assert_eq!(futures_lite(place.sources.personal.issue(of_alice("a test"))).unwrap_err(), IssueError::Unavailable);
    let alice = Owner::Account(AccountId::new("member", 7));
    assert_eq!(futures_lite(place.stores[0].tokens.list(&alice)).unwrap().len(), 2);
    assert!(futures_lite(place.sources.clients.revoke(&key.id)).unwrap());
}

/// A store that only finds tokens.
struct ReadOnly;

impl TokenStore for ReadOnly {
    fn find<'a>(&'a self, _: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn touch<'a>(&'a self, _: &'a TokenId, _: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn errors_name_their_cause() {
    // TOKEN-7, TOKEN-12
    let client = || NewToken::for_client("backup", "a test");
    let error = |keys: &Tokens, new: NewToken| futures_lite(keys.issue(new)).unwrap_err();
    let keys = Tokens::named("keys").prefix("key_").store(MemoryTokenStore::new(1));
    let unbuilt = error(&keys, client());
    assert!(unbuilt.to_string().contains("belong to no `Auth`"), "{unbuilt}");
    let auth = Auth::builder().tokens(keys.clone()).build().unwrap();
    let networked = error(&keys, client().networks(["10.0.0.0/8".parse().unwrap()]));
    assert!(networked.to_string().contains("`.client_address(Peer)`"), "{networked}");
    let owned = error(&keys, of_alice("a test"));
    assert!(owned.to_string().contains("requires `.for_accounts()`"), "{owned}");
    let table = [
        (client().named("a\nb"), IssueError::Invalid(TokenRecordError::Name)),
        (NewToken::for_client("", "a test"), IssueError::Invalid(TokenRecordError::Owner)),
        (client().tenants([Tenant::of("org", "")]), IssueError::Invalid(TokenRecordError::Limits)),
    ];
    for (new, expected) in table {
        assert_eq!(error(&keys, new), expected);
    }
    assert!(futures_lite(keys.issue(client())).is_ok());
    assert_eq!(error(&keys, client()), IssueError::Unavailable, "the store is full");
    let unknown = futures_lite(keys.rotate(&"unknown".parse().unwrap(), Duration::ZERO)).unwrap_err();
    assert_eq!(unknown, IssueError::UnknownToken);
    let again = Auth::builder().tokens(keys.clone()).build().unwrap_err();
    assert_eq!(again, BuildError::Tokens { name: "keys".to_owned(), error: TokensError::OtherAuth });
    drop(auth);
    assert!(matches!(error(&keys, client()), IssueError::SetUp(_)), "its `Auth` is gone");
    let fixed = Tokens::fixed("master", MASTER, Rights::new()).confers(Rights::new());
    let reader = Tokens::named("reader").opaque().store(ReadOnly).confers(Rights::new());
    let auth = Auth::builder().tokens(fixed.clone()).tokens(reader.clone()).build().unwrap();
    assert_eq!((error(&fixed, client()), error(&reader, client())), (IssueError::ReadOnly, IssueError::ReadOnly));
    assert_eq!(futures_lite(reader.revoke(&"7".parse().unwrap())), Err(IssueError::ReadOnly));
    // A failed build leaves the settings usable.
    let retried = Tokens::named("a").opaque().store(MemoryTokenStore::new(1));
    assert!(Auth::builder().tokens(retried.clone()).realm("\n").build().is_err());
    assert!(Auth::builder().tokens(retried).build().is_ok());
    drop(auth);
}

#[test]
fn errors_have_statuses_and_problems() {
    // TOKEN-7
    #[rustfmt::skip]
    let table = [
        (IssueError::Unavailable,                      503, "authentication-unavailable"),
        (IssueError::ReadOnly,                         500, "set-up"),
        (IssueError::SetUp("a reason"),                500, "set-up"),
        (IssueError::Invalid(TokenRecordError::Name),  400, "malformed-request"),
        (IssueError::LimitReached,                     409, "token-limit-reached"),
        (IssueError::UnknownToken,                         404, "not-found"),
    ];
    for (error, status, problem) in table {
        let response = error.error_response();
        assert_eq!((response.status().as_u16(), error.status_code().as_u16()), (status, status), "{error}");
        let body = actix_web::rt::System::new().block_on(actix_web::body::to_bytes(response.into_body())).unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(problem) && !body.contains("a reason"), "{body}");
    }
    // Within a response of a handler.
    let place = place();
    let denied = place.server.send(&request("POST", "/issue/viewer").authorization(bearer(json!({}))));
    assert_eq!((denied.status, denied.field("cache-control")), (403, Some("no-store")));
}

#[test]
fn login_sessions_belong_to_accounts() {
    // TOKEN-8
    let keys = Tokens::named("keys").opaque().store(MemoryTokenStore::new(1)).login_sessions();
    let error = Auth::builder().tokens(keys).build().unwrap_err();
    assert_eq!(error, BuildError::Tokens { name: "keys".to_owned(), error: TokensError::LoginSessionsOfClients });
}
