//! Tests of how sessions end: by time, logout, password change, or limit.

use super::*;

#[test]
fn session_limit_evicts_only_sessions_of_the_same_user() {
    // H14: never sessions of another user
    let (server, _) = serving(Sessions::new(auth_actix::session::MemorySessionStore::new(150)), |auth| auth);
    let bob = logged_in(&server, json!({ "sub": "bob" }));
    let mallory: Vec<_> = (0..130).map(|_| logged_in(&server, json!({ "sub": "mallory" }))).collect();
    let alive = mallory.iter().map(|cookie| server.send(&with(cookie, "/me")).status == 200);
    assert_eq!(
        alive.collect::<Vec<_>>(),
        (0..130).map(|number| number >= 30).collect::<Vec<_>>(),
        "the latest hundred"
    );
    assert_eq!(server.send(&with(&bob, "/me")).status, 200);
    logged_in(&server, json!({ "sub": "alice" }));
    // The limit per user is configurable, for example for shared accounts.
    let (server, _) = serving(Sessions::memory().max_sessions_per_user(3), |auth| auth);
    let guests: Vec<_> = (0..4).map(|_| logged_in(&server, json!({ "sub": "guest" }))).collect();
    let alive = guests.iter().map(|cookie| server.send(&with(cookie, "/me")).status == 200);
    assert_eq!(alive.collect::<Vec<_>>(), [false, true, true, true]);
    // An administrator who acts on behalf of a user is not evicted by that user's logins.
    let bob = logged_in(&server, json!({ "sub": "bob", "roles": ["admin"] }));
    let acting = cookie_of(&server.send(&posted("/act", &json!({ "sub": "alice" })).field("Cookie", &bob)));
    for _ in 0..5 {
        logged_in(&server, json!({ "sub": "alice" }));
    }
    assert_eq!(server.send(&with(&acting, "/me")).status, 200);
    // Nor are sessions evicted by two accounts that alternate.
    let (server, _) = serving(Sessions::new(auth_actix::session::MemorySessionStore::new(250)), |auth| auth);
    for _ in 0..150 {
        let one = logged_in(&server, json!({ "sub": "mallory" }));
        let other = server.send(&posted("/as", &json!({ "sub": "mal" })).field("Cookie", &one));
        assert_eq!(other.status, 200);
    }
    for number in 0..50 {
        logged_in(&server, json!({ "sub": format!("user{number}") }));
    }
}

#[test]
fn handlers_and_leases_can_await_the_end_of_a_session() {
    // SESS-8
    let (server, auth) = plain();
    let (alice, bob) = (logged_in(&server, json!({ "sub": "alice" })), logged_in(&server, json!({ "sub": "bob" })));
    let wait = |cookie: &str, path: &str, said: &str| {
        let start = std::time::Instant::now();
        let answer = server.send(&with(cookie, path));
        assert_eq!((answer.status, answer.text()), (200, said));
        start.elapsed()
    };
    std::thread::scope(|scope| {
        let (of_alice, of_bob) =
            (scope.spawn(|| wait(&alice, "/until-over", "over")), scope.spawn(|| wait(&bob, "/until-over", "over")));
        // M1: a lease of the session ends as well.
        let leases = [&alice, &bob].map(|cookie| scope.spawn(|| wait(cookie, "/until-withdrawn", "Withdrawn")));
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(server.send(&request("POST", "/logout").field("Cookie", &alice).fields(&[OURS])).status, 204);
        let waited = of_alice.join().unwrap();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(7), "{waited:?}");
        std::thread::sleep(Duration::from_secs(1));
        assert!(!of_bob.is_finished(), "the session of the other user stays");
        actix_web::rt::System::new().block_on(auth.end_sessions(&Id::user("basic:reports", "bob"))).unwrap();
        of_bob.join().unwrap();
        let leases = leases.map(|lease| lease.join().unwrap());
        assert!(leases[0] >= Duration::from_secs(1) && leases[0] < Duration::from_secs(4), "{leases:?}");
        assert!(leases[1] > leases[0], "{leases:?}");
    });
}

#[test]
fn users_can_list_and_end_only_their_own_sessions() {
    // SESS-4
    let (server, auth) = plain();
    let (first, here) = (
        logged_in(&server, json!({ "sub": "alice" })),
        logged_in(&server, json!({ "sub": "alice", "remember": true })),
    );
    let bob = logged_in(&server, json!({ "sub": "bob", "roles": ["admin"] }));
    let acting = cookie_of(&server.send(&posted("/act", &json!({ "sub": "alice" })).field("Cookie", &bob)));
    let listed = |cookie: &str| server.send(&with(cookie, "/sessions")).json();
    let alice = listed(&here);
    let shown: Vec<_> = alice
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["this"] == true, one["remembered"] == true, one["actor"].as_str()))
        .collect();
    assert_eq!(shown, [(false, false, None), (true, true, None), (false, false, Some("user:13:basic:reports:bob"))]);
    let end = |cookie: &str, key: &str| {
        server.send(&posted("/sessions", &json!(key)).field("Cookie", cookie)).text().to_owned()
    };
    let key = |position: usize| alice[position]["key"].as_str().unwrap().to_owned();
    let mallory = logged_in(&server, json!({ "sub": "mallory" }));
    assert_eq!(end(&mallory, &key(0)), "false", "the session of another user");
    assert_eq!(end(&mallory, &"0".repeat(64)), "false");
    assert_eq!(end(&mallory, &key(0).to_uppercase()), "no key");
    assert_eq!((end(&here, &key(0)), end(&here, &key(0))), ("true".to_owned(), "false".to_owned()));
    assert_eq!(server.send(&with(&first, "/me")).status, 401);
    assert_eq!(server.send(&with(&acting, "/me")).status, 200);
    let forged = request("POST", "/sessions").field("Sec-Fetch-Site", "cross-site").field("Cookie", &here);
    assert_eq!(
        server.send(&forged.field("Content-Type", "application/json").body(json!(key(1)).to_string())).status,
        403
    );
    // Bob's sessions include those in which he acts for others. An administrator ends one.
    let id = Id::user("basic:reports", "bob");
    let ended = actix_web::rt::System::new().block_on(async {
        let of_bob = auth.sessions_of(&id).await.unwrap();
        assert_eq!(of_bob.len(), 1);
        assert!(!auth.end_session(&Id::user("basic:reports", "carol"), of_bob[0].key).await.unwrap());
        auth.end_session(&id, of_bob[0].key).await
    });
    assert_eq!(ended, Ok(true));
    assert_eq!(server.send(&with(&acting, "/me")).status, 401);
    assert_eq!(server.send(&with(&here, "/me")).status, 200);
}

#[test]
fn ending_other_or_all_sessions_affects_only_that_user() {
    // SESS-4
    let (server, auth) = plain();
    let alice: Vec<_> = (0..3).map(|_| logged_in(&server, json!({ "sub": "alice" }))).collect();
    let others = [json!({ "sub": "bob" }), json!({ "sub": "alice", "issuer": "https://id.example" })];
    let others: Vec<_> = others.into_iter().map(|who| logged_in(&server, who)).collect();
    let alive = |cookie: &String| server.send(&with(cookie, "/me")).status == 200;
    let ended = server.send(&request("POST", "/elsewhere").field("Cookie", &alice[1]).fields(&[OURS]).body(""));
    assert_eq!((ended.status, ended.text()), (200, "2"));
    assert_eq!(alice.iter().map(alive).collect::<Vec<_>>(), [false, true, false]);
    let id = Id::user("basic:reports", "alice");
    assert_eq!(actix_web::rt::System::new().block_on(auth.end_sessions(&id)), Ok(1));
    assert!(!alive(&alice[1]) && others.iter().all(alive), "C2: an equal subject at another issuer is another user");
}

#[test]
fn sessions_time_out_and_denied_requests_are_not_activity() {
    // SESS-3
    let second = Duration::from_secs(1);
    let (server, _) = serving(Sessions::memory().idle_timeout(2 * second).absolute_timeout(4 * second), |auth| auth);
    let [used, refused] = [0, 1].map(|_| logged_in(&server, json!({ "sub": "alice" })));
    let start = std::time::Instant::now();
    let status = |cookie: &str, path: &str| server.send(&with(cookie, path)).status;
    for tenth in [10, 20, 30] {
        std::thread::sleep(Duration::from_millis(tenth * 100).saturating_sub(start.elapsed()));
        assert_eq!(status(&used, "/me"), 200, "{tenth}: in use");
        if tenth < 20 {
            assert_eq!(status(&refused, "/admin"), 403);
        }
    }
    assert_eq!(status(&refused, "/me"), 401, "asked for, in vain, at one second; idle since the login");
    std::thread::sleep(Duration::from_millis(4200).saturating_sub(start.elapsed()));
    assert_eq!(status(&used, "/me"), 401, "in use to the end, and no longer");
}

#[test]
fn remembered_session_persists_but_loses_freshness() {
    let second = Duration::from_secs(1);
    let (server, _) = serving(Sessions::memory().idle_timeout(second).persistent_ttl(60 * second), |auth| auth);
    let who = json!({ "sub": "alice", "acr": "mfa", "remember": true });
    let answer = server.send(&posted("/as", &who));
    assert!(answer.lines("set-cookie")[0].ends_with("; Max-Age=60"));
    let cookie = cookie_of(&answer);
    for path in ["/fresh", "/strong"] {
        assert_eq!(server.send(&with(&cookie, path)).status, 200, "{path}");
    }
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(server.send(&with(&cookie, "/me")).status, 200, "the caller is unchanged");
    for (path, parameter) in [("/fresh", "max_age=\"3600\""), ("/strong", "acr_values=\"mfa\"")] {
        let challenge = format!("{SESSION}, error=\"insufficient_user_authentication\", {parameter}");
        denied(path, &server.send(&with(&cookie, path)), 401, "step-up-required", &[&challenge]);
    }
    let again = server.send(&posted("/as", &who).field("Cookie", &cookie));
    assert_eq!(server.send(&with(&cookie_of(&again), "/fresh")).status, 200, "a login is fresh again");
}

#[test]
fn role_refresh_does_not_make_a_remembered_session_fresh() {
    // Both changes are one write: the second request must not see only one of them.
    let second = Duration::from_secs(1);
    let sessions = Sessions::memory().idle_timeout(second).refresh_roles_after(Duration::ZERO);
    let (server, _) = serving(sessions, |auth| auth.users(Staff::default()));
    let form = format!("username=alice&remember=yes&password={}", PASSWORD.replace(' ', "+"));
    let (site, ours) = OURS;
    let login = request("POST", "/login").field(site, ours).field("Content-Type", "application/x-www-form-urlencoded");
    let cookie = cookie_of(&server.send(&login.body(&form)));
    assert_eq!(server.send(&with(&cookie, "/fresh")).status, 200);
    std::thread::sleep(Duration::from_millis(1200));
    for _ in 0..3 {
        assert_eq!(server.send(&with(&cookie, "/me")).status, 200);
        assert_eq!(server.send(&with(&cookie, "/fresh")).status, 401, "remembered, and fresh for nothing");
    }
}

#[test]
fn password_change_ends_existing_sessions() {
    // SESS-4, SESS-5: the password was changed, or another person now has the name.
    let staff = Staff::default();
    let (server, _) = serving(Sessions::memory().refresh_roles_after(Duration::ZERO), |auth| auth.users(staff.clone()));
    let login = |password: &str| server.send(&posted("/login", &json!({ "username": "alice", "password": password })));
    let before = cookie_of(&login(PASSWORD));
    assert_eq!(server.send(&with(&before, "/admin")).status, 200);
    staff.set(CHANGED);
    let after = cookie_of(&login("another one"));
    let answer = server.send(&with(&before, "/admin"));
    assert_eq!((answer.status, answer.problem().as_str()), (401, "revoked-credentials"));
    assert_eq!(server.send(&with(&after, "/admin")).status, 200);
    staff.0[CHANGED].store(false, Ordering::SeqCst);
    assert_eq!(server.send(&with(&before, "/admin")).status, 401, "it has ended");
}
