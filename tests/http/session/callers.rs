//! Tests of session principals, their roles, and cross-site requests.

use auth_actix::session::{
    MemorySessionStore, SessionKey, SessionRecord, SessionState, SessionStore, SessionStoreError,
};

use super::*;

#[test]
fn session_cookie_is_protected_against_cross_site_requests() {
    // CSRF-1 to CSRF-5, T33, M5, HTTP-19
    let (server, _) = serving(Sessions::memory().confers(Confers::everything()), |auth| {
        auth.bearer(jwt().confers(Confers::everything())).origins(["https://app.example"])
    });
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let post = |path: &str, fields: &[(&str, &str)]| {
        server.send(&request("POST", path).field("Cookie", &cookie).fields(fields).body(""))
    };
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[OURS], 200),
        (&[("Sec-Fetch-Site", "none")], 200),
        (&[("Origin", "https://app.example")], 200),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://app.example")], 200),
        (&[("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[], 403), // a cookie requires proof of the origin
        (&[("Origin", "null")], 403),
        (&[("Origin", "https://app.example.evil")], 403),
        (&[("Origin", "http://app.example")], 403),
        (&[OURS, ("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Sec-Fetch-Site", "cross-site"), ("Content-Type", "text/plain")], 403),
        // An unrelated credential of another scheme does not disable the check, because it does not replace the cookie.
        (&[("Sec-Fetch-Site", "cross-site"), ("Authorization", "Digest x")], 401),
        (&[("Sec-Fetch-Site", "cross-site"), ("Authorization", "Bearer x")], 401),
    ];
    for (fields, status) in table {
        let answer = post("/me", fields);
        assert_eq!(answer.status, *status, "{fields:?}: {answer:?}");
        if *status == 403 {
            denied(&format!("{fields:?}"), &answer, 403, "cross-site-request", &[]);
        }
    }
    let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(server.send(&with(&cookie, "/me").fields(&upgrade)).status, 403);
    assert_eq!(server.send(&with(&cookie, "/me").fields(&[("Sec-Fetch-Site", "cross-site")])).status, 200, "a link");
    // An explicitly attached token decides instead of the cookie.
    let program = request("POST", "/me").authorization(bearer(json!({}))).field("Cookie", &cookie);
    assert_eq!(server.send(&program.fields(&[("Sec-Fetch-Site", "cross-site")]).body("")).status, 200);
    // Login and logout are protected too: a foreign page can neither log a user in nor out.
    let (site, evil) = ("Sec-Fetch-Site", "cross-site");
    let json = json!({ "sub": "mallory" }).to_string();
    let forced = request("POST", "/as").field(site, evil).field("Content-Type", "application/json").body(&json);
    denied("login", &server.send(&forced), 403, "cross-site-request", &[]);
    denied(
        "logout",
        &server.send(&request("POST", "/logout").field("Cookie", &cookie).field(site, evil)),
        403,
        "cross-site-request",
        &[],
    );
    assert_eq!(server.send(&with(&cookie, "/me")).status, 200);
    // On public routes, such a cookie counts as no credential.
    let left = post("/comment", &[(site, evil)]);
    assert_eq!((left.status, left.text()), (200, "anonymous"));
    assert_eq!(post("/comment", &[OURS]).text(), "user:13:basic:reports:alice");
}

#[test]
fn authorization_header_takes_precedence_over_session_cookie() {
    // HTTP-19, Q8
    let (server, _) = serving(Sessions::memory().confers(Confers::everything()), |auth| {
        auth.bearer(jwt().confers(Confers::everything()))
    });
    let alice = logged_in(&server, json!({ "sub": "alice", "roles": ["admin"] }));
    let bob = bearer(json!({ "sub": "bob" }));
    let by_both = server.send(&with(&alice, "/me").authorization(&bob));
    assert!(by_both.text().contains(":bob "), "{by_both:?}");
    assert_eq!(server.send(&with(&alice, "/admin").authorization(&bob)).status, 403);
    for other in ["Bearer x.y.z", "Digest x", "Bearer \u{e9}"] {
        assert!(server.send(&with(&alice, "/me").authorization(other)).status >= 400, "{other}");
    }
    let stranger = server.send(&get("/me"));
    assert_eq!(stranger.lines("www-authenticate"), [BEARER, SESSION]);
    let (lenient, _) = serving(Sessions::memory(), AuthBuilder::ignore_unknown_schemes);
    let cookie = logged_in(&lenient, json!({ "sub": "alice" }));
    assert_eq!(lenient.send(&with(&cookie, "/me").authorization("Basic c3RhZ2luZzpwdw==")).status, 200);
    assert_eq!(lenient.send(&with(&cookie, "/me").authorization("\u{e9}")).status, 400, "still malformed");
}

#[test]
fn ended_session_counts_as_anonymous_on_public_routes() {
    // Q8, H13, M14
    let (server, auth) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let hello = server.send(&with(&cookie, "/home"));
    assert_eq!(hello.text(), "user:13:basic:reports:alice");
    let stranger = server.send(&get("/home"));
    for answer in [&hello, &stranger] {
        assert_eq!((answer.field("cache-control"), answer.field("vary")), (Some("private"), Some("Cookie")));
    }
    actix_web::rt::System::new().block_on(auth.end_sessions(&Id::user("basic:reports", "alice"))).unwrap();
    let dead = server.send(&with(&cookie, "/home"));
    assert_eq!((dead.status, dead.text()), (200, "anonymous"));
    assert_eq!(dead.field("cache-control"), Some("no-store"), "no cache logs everybody out");
    assert!(dead.field("set-cookie").unwrap().ends_with("; Max-Age=0"));
}

#[test]
fn sessions_satisfy_scopes_only_with_the_all_scopes_setting() {
    let (server, _) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    denied("no scopes", &server.send(&with(&cookie, "/scoped")), 403, "insufficient-scope", &[]);
    let (server, _) = serving(Sessions::memory().all_scopes(), |auth| auth);
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    assert_eq!(server.send(&with(&cookie, "/scoped")).status, 200);
}

#[test]
fn impersonation_is_attributed_restricted_and_revocable() {
    // H16, SESS-2
    let (server, auth) = plain();
    let bob = logged_in(&server, json!({ "sub": "bob", "roles": ["admin"] }));
    let acting = server.send(&posted("/act", &json!({ "sub": "alice", "roles": ["editor"] })).field("Cookie", &bob));
    let acting = cookie_of(&acting);
    let answer = server.send(&with(&acting, "/me"));
    assert_eq!(answer.text(), "user:13:basic:reports:alice by user:13:basic:reports:bob editor=true");
    assert_eq!(server.send(&with(&bob, "/me")).status, 401, "in place of their own");
    for (path, status) in [("/admin", 403), ("/fresh", 401), ("/direct", 403)] {
        assert_eq!(server.send(&with(&acting, path)).status, status, "{path}");
    }
    let further = server.send(&posted("/act", &json!({ "sub": "carol" })).field("Cookie", &acting));
    assert_eq!(further.status, 403);
    let own = logged_in(&server, json!({ "sub": "alice" }));
    assert_eq!(server.send(&with(&own, "/direct")).status, 200);
    // Ending all sessions of the actor ends this one too.
    assert_eq!(actix_web::rt::System::new().block_on(auth.end_sessions(&Id::user("basic:reports", "bob"))), Ok(1));
    assert_eq!(server.send(&with(&acting, "/me")).status, 401);
    assert_eq!(server.send(&with(&own, "/me")).status, 200);
}

#[test]
fn impersonation_ends_when_the_actor_account_is_removed() {
    // H16, SESS-5
    let staff = Staff::default();
    let (server, _) = serving(Sessions::memory().refresh_roles_after(Duration::ZERO), |auth| auth.users(staff.clone()));
    let login = posted("/login", &json!({ "username": "alice", "password": PASSWORD }));
    let alice = cookie_of(&server.send(&login));
    let acting = server.send(&posted("/act", &json!({ "sub": "bob", "roles": ["editor"] })).field("Cookie", &alice));
    let acting = cookie_of(&acting);
    assert_eq!(
        server.send(&with(&acting, "/me")).text(),
        "user:13:basic:reports:bob by user:13:basic:reports:alice editor=true"
    );
    staff.set(GONE);
    assert_eq!(server.send(&with(&acting, "/me")).status, 401);
    staff.0[GONE].store(false, Ordering::SeqCst);
    assert_eq!(server.send(&with(&acting, "/me")).status, 401, "it has ended");
}

#[test]
fn session_roles_are_refreshed_and_removed_users_are_refused() {
    // SESS-5, SESS-6
    let staff = Staff::default();
    let (server, _) = serving(Sessions::memory().refresh_roles_after(Duration::ZERO), |auth| auth.users(staff.clone()));
    let form = format!("username=alice&password={}", PASSWORD.replace(' ', "+"));
    let (site, ours) = OURS;
    let login = request("POST", "/login").field(site, ours).field("Content-Type", "application/x-www-form-urlencoded");
    let answer = server.send(&login.body(&form));
    assert_eq!((answer.status, answer.field("location")), (303, Some("/")));
    let cookie = cookie_of(&answer);
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 200);
    staff.set(DEMOTED);
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 403);
    staff.set(DOWN);
    denied_or(&server.send(&with(&cookie, "/me")), 503);
    // M14: not `None` and not a principal. No 503 if the handler accepts an unavailable state.
    let text = |path: &str, cookie: &str| server.send(&with(cookie, path)).text().to_owned();
    denied_or(&server.send(&with(&cookie, "/home")), 503);
    denied_or(&server.send(&with(&cookie, "/maybe-both")), 503);
    let answer = server.send(&with(&cookie, "/maybe"));
    assert_eq!((answer.status, answer.text(), answer.field("cache-control")), (200, "unavailable", Some("private")));
    assert!(answer.lines("set-cookie").is_empty(), "the cookie stays");
    assert_eq!(text("/maybe", "a=b"), "anonymous");
    assert_eq!(text("/maybe", &format!("__Host-session={}", "A".repeat(43))), "anonymous");
    staff.0[DOWN].store(false, Ordering::SeqCst);
    assert_eq!(text("/maybe", &cookie), "user:13:basic:reports:alice");
    staff.set(GONE);
    let gone = server.send(&with(&cookie, "/me"));
    assert_eq!((gone.status, gone.problem().as_str()), (401, "revoked-credentials"));
    staff.0[GONE].store(false, Ordering::SeqCst);
    assert_eq!(server.send(&with(&cookie, "/me")).status, 401, "and the session does not come back");
}

#[test]
fn roles_of_live_sessions_can_be_changed() {
    let (server, auth) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice", "roles": ["admin"] }));
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 200);
    let id = Id::user("basic:reports", "alice");
    let changed = auth.change_roles(&id, ["viewer"]);
    assert_eq!(actix_web::rt::System::new().block_on(changed), Ok(1));
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 403);
    // Not for sessions in which the user acts on behalf of another.
    let bob = logged_in(&server, json!({ "sub": "bob", "roles": ["admin"] }));
    let acting = cookie_of(&server.send(&posted("/act", &json!({ "sub": "carol" })).field("Cookie", &bob)));
    let id = Id::user("basic:reports", "bob");
    let changed = auth.change_roles(&id, ["admin"]);
    assert_eq!(actix_web::rt::System::new().block_on(changed), Ok(0));
    assert_eq!(server.send(&with(&acting, "/admin")).status, 403);
}

/// A store with a simulated concurrent writer that always writes the same record first.
struct Contended(MemorySessionStore);

impl SessionStore for Contended {
    fn create(&self, key: SessionKey, record: SessionRecord) -> BoxFuture<'_, Result<(), SessionStoreError>> {
        self.0.create(key, record)
    }

    fn load(&self, key: SessionKey) -> BoxFuture<'_, Result<SessionState, SessionStoreError>> {
        self.0.load(key)
    }

    fn touch(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        self.0.touch(key)
    }

    fn update(&self, key: SessionKey, version: u64, claims: String) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        Box::pin(async move { self.0.update(key, version, claims).await.map(|_| false) })
    }

    fn add_id<'a>(
        &'a self,
        key: SessionKey,
        version: u64,
        id: &'a str,
        claims: String,
    ) -> BoxFuture<'a, Result<bool, SessionStoreError>> {
        self.0.add_id(key, version, id, claims)
    }

    fn replace(
        &self,
        old: SessionKey,
        new: SessionKey,
        record: SessionRecord,
    ) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        self.0.replace(old, new, record)
    }

    fn end(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        self.0.end(key)
    }

    fn end_all<'a>(&'a self, id: &'a str, but: Option<SessionKey>) -> BoxFuture<'a, Result<u64, SessionStoreError>> {
        self.0.end_all(id, but)
    }

    fn of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, SessionStoreError>> {
        self.0.of(id)
    }
}

#[test]
fn session_update_conflict_does_not_fail_the_request() {
    // SESS-5
    let sessions = Sessions::new(Contended(MemorySessionStore::new(10))).refresh_roles_after(Duration::ZERO);
    let (server, _) = serving(sessions, |auth| auth.users(Staff::default()));
    let cookie = cookie_of(&server.send(&posted("/login", &json!({ "username": "alice", "password": PASSWORD }))));
    assert_eq!(server.send(&with(&cookie, "/me")).status, 200);
}
