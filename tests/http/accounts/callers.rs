//! Tests of the identity of callers with and without accounts.

use auth_actix::audit::{Event, EventKind, Sink};

use super::*;

/// Records the kind and the subject of audit events.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<(EventKind, Option<String>)>>>);

impl Sink for Record {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push((event.kind, event.subject.clone()));
    }
}

const LOGIN: &str = "user:18:https://id.example:";

#[test]
fn the_account_is_the_identity_of_the_caller() {
    // ACCT-1, ACCT-2, ACCT-5, ACCT-6, ACCT-7
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(7).with_roles(&["editor"])));
    directory.set("bob", Row::Found(Party { kind: "merchant", id: 7, roles: Some(vec![]) }));
    directory.set("silent", Row::Found(Party::member(8)));
    directory.set("sue", Row::Suspended(Party::member(9).with_roles(&["editor"])));
    directory.set("rex", Row::Revoked);
    // The subject of a provider is not the id of an account.
    directory.set_key("account:member:42", Row::Found(Party::member(42).with_roles(&["editor"])));
    let (server, _) = with_tokens(&directory);
    let me = |name: &str, kind: &str| format!("account:{kind}:7 account:{kind}:7 {LOGIN}{name}");
    let login = |name: &str| format!("login:{LOGIN}{name}");
    let (required, suspended, revoked) = ("403 account-required", "403 account-suspended", "401 revoked-credentials");
    let lacks = "403 insufficient-permissions";
    #[rustfmt::skip]
    let table: &[(&str, &str, &str)] = &[
        ("alice", "/me",                           &me("alice", "member")),
        ("bob",   "/me",                           &me("bob", "merchant")),
        ("alice", "/known",                        "account:member:7"),
        ("alice", "/home",                         "7"),
        ("alice", "/open",                         "account:member:7"),
        ("alice", "/sign-up",                      "account:member:7"),
        ("alice", "/editors",                      "editors"),
        ("alice", "/hidden",                       "hidden"),
        ("alice", "/owned/account:member:7",       "owned"),
        ("alice", "/owned/account:merchant:7",     lacks), // two kinds with one id
        ("bob",   "/owned/account:member:7",       lacks),
        ("bob",   "/editors",                      lacks),
        ("bob",   "/not-suspended",                lacks), // RIGHTS-3: the token lists no roles
        ("silent", "/editors",                     lacks),
        // A login without an account.
        ("42",    "/me",                           required),
        ("42",    "/known",                        required),
        ("42",    "/home",                         "none"),
        ("42",    "/open",                         &login("42")),
        ("42",    "/maybe",                        &login("42")),
        ("42",    "/sign-up",                      &login("42")),
        ("42",    "/editors",                      required),
        ("42",    "/not-suspended",                required),
        ("42",    "/inside",                       "inside"),
        ("42",    "/owned/account:member:42",      required),
        ("42",    &format!("/owned/{}", login("42")), required), // checks of the caller do not run
        ("42",    &format!("/login-of/{LOGIN}42"), "yours"),
        ("42",    &format!("/login-of/{LOGIN}43"), required),
        ("42",    "/hidden-login",                 "hidden login"),
        ("42",    "/hidden-me",                    "404 not-found"),
        // Suspended, and also where another branch holds.
        ("sue",   "/me",                           suspended),
        ("sue",   "/home",                         suspended),
        ("sue",   "/open",                         suspended),
        ("sue",   "/maybe",                        suspended),
        ("sue",   "/sign-up",                      suspended),
        ("sue",   "/inside",                       suspended),
        ("sue",   "/hidden",                       "404 not-found"),
        ("rex",   "/me",                           revoked),
        ("rex",   "/home",                         revoked),
        ("rex",   "/inside",                       revoked),
    ];
    for (name, path, expected) in table {
        assert_eq!(told(&send(&server, path, Some(&as_user(name)))), *expected, "{name} {path}");
        let calls = directory.calls();
        assert_eq!(calls.iter().filter(|call| call.starts_with("find")).count(), 1, "{name} {path}: {calls:?}");
    }
    // Anonymous callers, and rules without a caller.
    for (path, expected) in
        [("/me", "401 missing-credentials"), ("/home", "none"), ("/sign-up", "401 missing-credentials")]
    {
        assert_eq!(told(&send(&server, path, None)), expected, "{path}");
    }
    assert_eq!(directory.calls(), [""; 0], "no call without a credential");
    assert_eq!(told(&send(&server, "/me", Some("Bearer x.y.z"))), "401 invalid-credentials");
    assert_eq!(directory.calls(), [""; 0], "no call before the credential is verified");
}

#[test]
fn absence_of_a_role_needs_the_answer_of_the_account() {
    // RIGHTS-3, RIGHTS-5, ACCT-3
    let directory = Directory::default();
    let party = |roles: Option<&[&'static str]>| {
        Row::Found(roles.map_or_else(|| Party::member(1), |roles| Party::member(1).with_roles(roles)))
    };
    let (server, _) = with_tokens(&directory);
    let (yes, no) = ("not suspended", "403 insufficient-permissions");
    #[rustfmt::skip]
    let table: &[(Option<&[&'static str]>, serde_json::Value, &str, &str)] = &[
        // (roles of the account, claims, absence of "suspended", presence of "editor")
        (Some(&[]),            json!({ "roles": [] }),                                yes, no),
        (None,                 json!({ "roles": [] }),                                no,  no),
        (Some(&[]),            json!({}),                                             no,  no),
        (Some(&["suspended"]), json!({ "roles": [] }),                                no,  no),
        (Some(&[]),            json!({ "roles": ["suspended"] }),                     no,  no),
        (Some(&["suspnded"]),  json!({ "roles": [] }),                                no,  no),
        (Some(&["editor"]),    json!({ "roles": [] }),                                yes, "editors"),
        (Some(&["admin"]),     json!({}),                                             no,  "editors"),
        (None,                 json!({ "roles": ["editor"] }),                        no,  "editors"),
        // With an actor, the rights of the account do not count.
        (Some(&["editor"]),    json!({ "roles": [], "act": { "sub": "bob" } }),       yes, no),
        (Some(&["suspended"]), json!({ "roles": [], "act": { "sub": "bob" } }),       no,  no),
    ];
    for (roles, claims, absent, editor) in table {
        directory.set("alice", party(*roles));
        let token = bearer(claims.clone());
        assert_eq!(told(&send(&server, "/not-suspended", Some(&token))), *absent, "{roles:?} {claims}");
        assert_eq!(told(&send(&server, "/editors", Some(&token))), *editor, "{roles:?} {claims}");
    }
}

#[test]
fn a_problem_names_the_sign_up_page() {
    // ACCT-8, row 9d
    let (server, _) = with_tokens(&Directory::default());
    let answer = send(&server, "/me", Some(&as_user("new")));
    assert_eq!((answer.status, answer.json()["sign_up"].as_str()), (403, Some("/sign-up")));
    assert!(answer.lines("www-authenticate").is_empty());
    let page = ask("/a/me?x=1").authorization(as_user("new"));
    let answer = server.send(&page.field("Sec-Fetch-Mode", "navigate"));
    assert_eq!((answer.status, answer.field("location")), (303, Some("/sign-up?return_to=/a/me%3Fx%3D1")));
    // Other denials do not.
    let answer = send(&server, "/me", None);
    assert_eq!(answer.json().get("sign_up"), None);
}

#[test]
fn an_account_is_created_at_the_first_login() {
    // ACCT-13
    let directory = Directory::default();
    directory.set("new", Row::New(Party::member(1)));
    directory.set("robot", Row::New(Party::member(2)));
    let events = Record::default();
    let auth = builder().bearer(jwt()).accounts(directory.clone()).audit(events.clone());
    let (server, _) = serve(auth);
    assert_eq!(told(&send(&server, "/known", Some(&as_user("new")))), "account:member:1");
    assert_eq!(directory.calls(), ["find new", "provision new"]);
    assert_eq!(*events.0.lock().unwrap(), [(EventKind::AccountProvisioned, Some("account:member:1".to_owned()))]);
    // A client gets no account.
    let client = bearer(json!({ "sub": "robot", "client_id": "robot" }));
    assert_eq!(told(&send(&server, "/known", Some(&client))), "403 account-required");
    assert_eq!(told(&send(&server, "/sign-up", Some(&client))), "403 account-required");
    assert_eq!(directory.calls(), ["find robot", "find robot"]);
}

#[test]
fn events_name_the_login_where_no_account_is_loaded() {
    // ACCT-7
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1))).set("sue", Row::Suspended(Party::member(9)));
    directory.set("rex", Row::Revoked).set("fails", Row::Broken("fails"));
    let events = Record::default();
    let (server, _) = serve(builder().bearer(jwt()).accounts(directory).audit(events.clone()));
    for (name, status, subject) in [
        ("alice", 403, "account:member:1".to_owned()),
        ("sue", 403, "account:member:9".to_owned()),
        ("rex", 401, format!("{LOGIN}rex")),
        ("fails", 503, format!("{LOGIN}fails")),
        ("new", 403, format!("login:{LOGIN}new")),
    ] {
        assert_eq!(send(&server, "/editors", Some(&as_user(name))).status, status, "{name}");
        let events = std::mem::take(&mut *events.0.lock().unwrap());
        assert_eq!(events, [(EventKind::Denied, Some(subject))], "{name}");
    }
}
