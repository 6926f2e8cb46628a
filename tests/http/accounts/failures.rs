//! Tests of failures of the provider, revocation, blocks, and the cache.

use auth_actix::blocklist::Blocklist;

use super::*;

const AWAY: &str = "503 authentication-unavailable";

#[test]
fn failures_of_the_provider_are_503_everywhere() {
    // ACCT-2, ACCT-8, ACCT-9, row 9a
    let directory = Directory::default();
    directory.set("panics", Row::Broken("panics")).set("fails", Row::Broken("fails"));
    directory.set("robot", Row::Found(Party { kind: "robot", id: 1, roles: None }));
    let (server, _) = with_tokens(&directory);
    for name in ["panics", "fails", "robot"] {
        let as_user = as_user(name);
        for path in ["/me", "/home", "/open", "/sign-up", "/editors", "/inside", "/known"] {
            let answer = send(&server, path, Some(&as_user));
            assert_eq!(told(&answer), AWAY, "{name} {path}");
            assert!(answer.field("retry-after").is_some(), "{name} {path}");
            assert!(!answer.text().contains("locked"), "the error is not in the response");
        }
        assert_eq!(told(&send(&server, "/maybe", Some(&as_user))), "unavailable", "{name}");
        assert_eq!(told(&send(&server, "/hidden", Some(&as_user))), "404 not-found", "{name}");
    }
}

#[test]
fn a_provider_that_hangs_is_given_up_after_5_s() {
    // ACCT-9
    let directory = Directory::default();
    directory.set("hangs", Row::Broken("hangs"));
    let (server, _) = with_tokens(&directory);
    let start = std::time::Instant::now();
    assert_eq!(told(&send(&server, "/me", Some(&as_user("hangs")))), AWAY);
    assert!((4..8).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[test]
fn a_token_can_be_revoked_by_its_digest() {
    // ACCT-10, ACCT-14, row 9c
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1))).cached_for(60);
    let (server, _) = with_tokens(&directory);
    let token = |device: &str| auth_tests::token::token(json!({ "device": device }));
    let [phone, laptop] = ["phone", "laptop"].map(token);
    directory.log_out(&phone);
    for _ in 0..2 {
        assert_eq!(told(&send(&server, "/known", Some(&format!("Bearer {laptop}")))), "account:member:1");
        let answer = send(&server, "/known", Some(&format!("Bearer {phone}")));
        assert_eq!(told(&answer), "401 revoked-credentials", "another token of the login is cached");
        assert_eq!(answer.lines("www-authenticate").len(), 1);
    }
    assert_eq!(directory.calls(), ["find alice"; 3], "the revocation is not cached");
}

#[test]
fn a_cached_account_is_loaded_again_after_invalidation() {
    // ACCT-7, ACCT-10
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1).with_roles(&["editor"]))).cached_for(60);
    let (server, auth) = with_tokens(&directory);
    let alice = as_user("alice");
    let editors = || told(&send(&server, "/editors", Some(&alice)));
    let invalidate = |id: AccountId| actix_web::rt::System::new().block_on(auth.invalidate_account(&id));
    assert_eq!((editors(), editors()), ("editors".to_owned(), "editors".to_owned()));
    assert_eq!(directory.calls(), ["find alice"]);
    directory.set("alice", Row::Suspended(Party::member(1)));
    assert_eq!(editors(), "editors");
    invalidate(AccountId::new("merchant", 1));
    assert_eq!(editors(), "editors", "another account was invalidated");
    invalidate(AccountId::new("member", 1));
    assert_eq!((editors(), editors()), ("403 account-suspended".to_owned(), "403 account-suspended".to_owned()));
    assert_eq!(directory.calls(), ["find alice"], "a suspended account is cached");
    // A login without an account is asked about each time.
    for _ in 0..2 {
        send(&server, "/known", Some(&as_user("nobody")));
    }
    assert_eq!(directory.calls(), ["find nobody", "provision nobody", "find nobody"]);
}

#[test]
fn accounts_and_credentials_are_blocked_and_revoked() {
    // ACCT-7, row 9b
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1).with_roles(&["editor"])));
    directory.set("bob", Row::Found(Party::member(2)));
    let blocks = Blocklist::memory();
    let (server, _) = serve(builder().bearer(jwt()).accounts(directory.clone()).blocks(blocks.clone()));
    let since = auth_tests::token::now();
    let (blocked, revoked) = ("403 access-blocked", "401 revoked-credentials");
    #[rustfmt::skip]
    let table = [
        ("block subject account:member:1".to_owned(),              "/known",  blocked),
        ("block subject account:member:1".to_owned(),              "/inside", blocked),
        ("block subject account:member:1".to_owned(),              "/home",   blocked),
        ("block subject user:18:https://id.example:alice".into(),  "/known",  blocked),
        ("block subject account:merchant:1".to_owned(),            "/known",  "account:member:1"),
        ("block subject account:member:2".to_owned(),              "/known",  "account:member:1"),
        (format!("revoke subject account:member:1 {since}"),       "/known",  revoked),
        (format!("revoke subject account:member:1 {since}"),       "/home",   revoked),
        (format!("revoke subject user:18:https://id.example:alice {since}"), "/known", revoked),
    ];
    for (line, path, expected) in table {
        blocks.add(line.parse().unwrap()).unwrap();
        assert_eq!(told(&send(&server, path, Some(&as_user("alice")))), expected, "{line} {path}");
        blocks.remove(line.parse().unwrap()).unwrap();
    }
}

#[test]
fn failed_creations_of_accounts_delay_the_address() {
    // ACCT-13, row 9a
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1)));
    let (server, _) = with_tokens(&directory);
    for number in 0..20 {
        let name = format!("new-{number}");
        directory.set(&name, Row::NotCreated);
        assert_eq!(told(&send(&server, "/me", Some(&as_user(&name)))), AWAY, "{name}");
    }
    directory.set("late", Row::New(Party::member(2))).calls();
    let answer = send(&server, "/me", Some(&as_user("late")));
    assert_eq!(told(&answer), "429 too-many-attempts");
    assert!(answer.field("retry-after").is_some());
    assert_eq!(directory.calls(), ["find late"], "nothing is created while the address is delayed");
    // Accounts that exist, and logins that need none to be created, are not delayed.
    assert_eq!(told(&send(&server, "/known", Some(&as_user("alice")))), "account:member:1");
    let client = bearer(json!({ "sub": "robot", "client_id": "robot" }));
    assert_eq!(told(&send(&server, "/known", Some(&client))), "403 account-required");
}

/// Each outcome of a lookup, with the answer of `/known`.
pub(super) fn outcomes() -> Vec<(Option<Row>, &'static str)> {
    vec![
        (Some(Row::Found(Party::member(1))), "account:member:1"),
        (Some(Row::Suspended(Party::member(1))), "403 account-suspended"),
        (Some(Row::Revoked), "401 revoked-credentials"),
        (Some(Row::Broken("fails")), AWAY),
        (None, "403 account-required"),
        (Some(Row::Found(Party::member(2))), "account:member:2"),
    ]
}

#[test]
fn each_outcome_applies_to_cached_tokens() {
    // ACCT-8, H8
    let directory = Directory::default();
    let cache = auth_actix::jwt::TokenCache::new().secrets();
    let (server, _) = serve(builder().bearer(jwt()).token_cache(cache).accounts(directory.clone()));
    let alice = as_user("alice");
    for (row, expected) in outcomes() {
        match row {
            Some(row) => drop(directory.set("alice", row)),
            None => directory.remove("user:18:https://id.example:alice"),
        }
        for _ in 0..2 {
            assert_eq!(told(&send(&server, "/known", Some(&alice))), expected);
        }
    }
}

#[test]
fn an_actor_with_a_refused_account_cannot_act() {
    // ACCT-7, H16, row 9b
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1))).cached_for(60);
    directory.set("bob", Row::Found(Party::member(2))).set("sue", Row::Suspended(Party::member(3)));
    directory.set("rex", Row::Revoked).set("fails", Row::Broken("fails"));
    let blocks = Blocklist::memory();
    let (server, _) = serve(builder().bearer(jwt()).accounts(directory.clone()).blocks(blocks.clone()));
    let by = |act: serde_json::Value| {
        let token = bearer(json!({ "sub": "alice", "act": act }));
        (told(&send(&server, "/known", Some(&token))), told(&send(&server, "/home", Some(&token))))
    };
    let both = |told: &str| (told.to_owned(), told.to_owned());
    let alice = || ("account:member:1".to_owned(), "1".to_owned());
    let (suspended, blocked) = ("403 account-suspended", "403 access-blocked");
    for _ in 0..2 {
        assert_eq!(by(json!({ "sub": "bob" })), alice());
        assert_eq!(by(json!({ "sub": "nobody" })), alice(), "an actor needs no account");
        assert_eq!(by(json!({ "sub": "sue" })), both(suspended));
        assert_eq!(by(json!({ "sub": "bob", "act": { "sub": "sue" } })), both(suspended), "an earlier actor");
        assert_eq!(by(json!({ "sub": "rex" })), both("401 revoked-credentials"));
        assert_eq!(by(json!({ "sub": "fails" })), both(AWAY));
        assert_eq!(by(json!({ "sub": "sue", "iss": "https://other.example" })), alice(), "an unknown issuer");
    }
    blocks.add("block subject account:member:2".parse().unwrap()).unwrap();
    assert_eq!(by(json!({ "sub": "bob" })), both(blocked));
    assert_eq!(told(&send(&server, "/known", Some(&as_user("alice")))), "account:member:1", "without an actor");
    blocks.remove("block subject account:member:2".parse().unwrap()).unwrap();
    let now = auth_tests::token::now();
    for (since, expected) in [(now, both("401 revoked-credentials")), (now - 3600, alice())] {
        let line = format!("revoke subject account:member:2 {since}");
        blocks.add(line.parse().unwrap()).unwrap();
        let token = bearer(json!({ "sub": "alice", "iat": now, "act": { "sub": "bob" } }));
        let found = (told(&send(&server, "/known", Some(&token))), told(&send(&server, "/home", Some(&token))));
        assert_eq!(found, expected, "{line}");
        blocks.remove(line.parse().unwrap()).unwrap();
    }
}
