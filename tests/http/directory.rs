//! Tests of users in a directory: a `PasswordVerifier` that binds with name and password, as with LDAP, and has no access to
//! hashes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::password::{
    Basic, PasswordAuthenticator, PasswordCredentials, PasswordVerifier, UserStoreUnavailable, VerifiedUser,
};
use auth_actix::session::Sessions;
use auth_actix::throttle::Throttle;
use auth_actix::{Auth, BoxFuture, Confers, Principal, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::basic;
use auth_tests::wire::{get, request};

use crate::Role;

/// A directory entry. `changed` is the attribute `pwdChangedTime`, which not every directory provides.
#[derive(Clone)]
struct Person {
    password: &'static str,
    changed: Option<&'static str>,
    groups: Vec<&'static str>,
}

#[derive(Clone, Default)]
struct Directory {
    people: Arc<Mutex<HashMap<&'static str, Person>>>,
    binds: Arc<AtomicUsize>,
}

impl Directory {
    fn new() -> Self {
        let directory = Self::default();
        directory.set("alice", "correct horse", Some("1"), &["admin"]);
        directory.set("victor", "battery staple", None, &["viewer"]);
        directory
    }

    fn set(&self, name: &'static str, password: &'static str, changed: Option<&'static str>, groups: &[&'static str]) {
        let person = Person { password, changed, groups: groups.to_vec() };
        self.people.lock().unwrap().insert(name, person);
    }

    fn binds(&self) -> usize {
        self.binds.swap(0, Ordering::SeqCst)
    }
}

fn user_of(person: &Person) -> VerifiedUser {
    let user = VerifiedUser::new().roles(&person.groups);
    match person.changed {
        Some(changed) => user.password_version(changed),
        None => user,
    }
}

impl PasswordVerifier for Directory {
    fn verify<'a>(
        &'a self,
        credentials: &'a PasswordCredentials,
    ) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
        Box::pin(async move {
            self.binds.fetch_add(1, Ordering::SeqCst);
            match credentials.name() {
                "down" => return Err(UserStoreUnavailable),
                "panic" => panic!("the client of the directory is broken"),
                _ => {}
            }
            // RFC 4513 §5.1.2: a bind without a password succeeds, but authenticates no user.
            let people = self.people.lock().unwrap();
            let person = people.get(credentials.name());
            let person =
                person.filter(|person| !credentials.password().is_empty() && credentials.password() == person.password);
            Ok(person.map(user_of))
        })
    }

    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
        Box::pin(async move { Ok(self.people.lock().unwrap().get(name).map(user_of)) })
    }
}

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.id().to_string()
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

fn serving(users: PasswordAuthenticator) -> Server {
    let sessions = Sessions::memory().refresh_roles_after(Duration::ZERO).confers(Confers::everything());
    let basic = Basic::new(users.clone()).confers(Confers::everything());
    let auth = Auth::builder().realm("reports").session(sessions).basic(basic).users(users).roles::<Role>();
    let auth = auth.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(admin).service(auth.login()));
    })
}

#[test]
fn a_bind_authenticates_users_without_hashes() {
    // BASIC-8, LOG-6: (name, password, path, status)
    let directory = Directory::new();
    let users = PasswordAuthenticator::with_verifier(directory.clone()).throttle(Throttle::off());
    let server = serving(users);
    let table = [
        ("alice", "correct horse", "/admin", 200),
        ("victor", "battery staple", "/admin", 403),
        ("victor", "battery staple", "/me", 200),
        ("alice", "battery staple", "/me", 401),
        ("alice", "", "/me", 401),
        ("anonymous", "correct horse", "/me", 401),
        ("down", "correct horse", "/me", 503),
        ("panic", "correct horse", "/me", 503),
    ];
    for (name, password, path, status) in table {
        let answer = server.send(&get(path).authorization(basic(name, password)));
        assert_eq!(answer.status, status, "{name} {password} {path}: {answer:?}");
    }
    assert_eq!(directory.binds(), table.len(), "nothing is cached unless set");
}

#[test]
fn failed_binds_are_throttled() {
    // BRUTE-1
    let directory = Directory::new();
    let server = serving(PasswordAuthenticator::with_verifier(directory.clone()));
    let status = |password| server.send(&get("/me").authorization(basic("alice", password))).status;
    assert_eq!((0..6).map(|_| status("wrong")).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429]);
    assert_eq!((status("correct horse"), directory.binds()), (429, 5), "and the directory is not asked");
    let unavailable = |_| server.send(&get("/me").authorization(basic("down", "x"))).status;
    assert_eq!((0..8).map(unavailable).collect::<Vec<_>>(), [503; 8], "an unavailable directory is not a failed login");
}

#[test]
fn verified_passwords_are_cached_by_their_version() {
    // M8
    let directory = Directory::new();
    let users = PasswordAuthenticator::with_verifier(directory.clone()).cache_verified(Duration::from_secs(60));
    let server = serving(users);
    let status = |name, password| server.send(&get("/me").authorization(basic(name, password))).status;
    assert_eq!([(); 3].map(|()| status("alice", "correct horse")), [200; 3]);
    assert_eq!(directory.binds(), 1);
    assert_eq!([(); 2].map(|()| status("victor", "battery staple")), [200; 2]);
    assert_eq!(directory.binds(), 2, "a user without a version is not cached");
    directory.set("alice", "another horse", Some("2"), &["admin"]);
    assert_eq!(status("alice", "correct horse"), 401, "a changed password is rejected at once");
    directory.people.lock().unwrap().clear();
    assert_eq!(status("alice", "another horse"), 401, "and so is a removed user");
}

#[test]
fn directory_changes_apply_to_active_sessions() {
    // SESS-5
    let directory = Directory::new();
    let server = serving(PasswordAuthenticator::with_verifier(directory.clone()).throttle(Throttle::off()));
    let log_in = |name: &str, password: &str| {
        let body = format!("username={name}&password={}", password.replace(' ', "+"));
        let login = request("POST", "/login").field("Sec-Fetch-Site", "same-origin");
        let answer = server.send(&login.field("Content-Type", "application/x-www-form-urlencoded").body(&body));
        let cookie = answer.field("set-cookie").unwrap_or_else(|| panic!("{name}: {answer:?}"));
        cookie.split(';').next().unwrap().to_owned()
    };
    let status = |cookie: &str, path| server.send(&get(path).field("Cookie", cookie)).status;
    let [alice, victor] = [log_in("alice", "correct horse"), log_in("victor", "battery staple")];
    assert_eq!([status(&alice, "/admin"), status(&victor, "/admin"), status(&victor, "/me")], [200, 403, 200]);
    directory.set("victor", "battery staple", None, &["admin"]);
    assert_eq!(status(&victor, "/admin"), 200, "roles change");
    directory.set("alice", "another horse", Some("2"), &["admin"]);
    assert_eq!(status(&alice, "/me"), 401, "a changed password ends the session");
    directory.people.lock().unwrap().remove("victor");
    assert_eq!(status(&victor, "/me"), 401, "and so does removal");
}
