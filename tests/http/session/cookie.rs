//! Tests of the session cookie and the ids in it.

use super::*;

#[test]
fn session_cookie_authenticates_until_logout() {
    // COOKIE-1, COOKIE-4, SESS-1, SESS-4, SESS-7, T32, H13
    let (server, _) = plain();
    let answer = server.send(&posted("/as", &json!({ "sub": "alice", "roles": ["editor"] })));
    assert_eq!(answer.status, 200);
    let line = answer.lines("set-cookie")[0].to_owned();
    assert!(line.ends_with("; Secure; HttpOnly; Path=/; SameSite=Lax"), "{line}");
    assert_eq!(answer.lines("set-cookie")[1], "theirs=1");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let cookie = cookie_of(&answer);
    let answer = server.send(&with(&cookie, "/me"));
    assert_eq!((answer.status, answer.text()), (200, "user:13:basic:reports:alice editor=true"));
    assert_eq!((answer.field("cache-control"), answer.field("vary")), (Some("private"), Some("Cookie")));
    denied("a role is lacking", &server.send(&with(&cookie, "/admin")), 403, "insufficient-permissions", &[]);
    denied("no cookie", &server.send(&get("/me")), 401, "missing-credentials", &[SESSION]);
    let out = server.send(&request("POST", "/logout").field("Cookie", &cookie).fields(&[OURS]));
    assert_eq!(
        (out.status, out.field("set-cookie")),
        (204, Some("__Host-session=; Secure; HttpOnly; Path=/; SameSite=Lax; Max-Age=0"))
    );
    let replayed = server.send(&with(&cookie, "/me"));
    assert_eq!((replayed.status, replayed.problem().as_str()), (401, "revoked-credentials"));
    assert_eq!(replayed.lines("www-authenticate"), [SESSION]);
    assert_eq!((replayed.lines("set-cookie").len(), replayed.field("cache-control")), (1, Some("no-store")));
    assert!(replayed.lines("set-cookie")[0].ends_with("; Max-Age=0"), "COOKIE-4");
    // A hidden path does not disclose that the cookie was read: it responds like an unknown path.
    let (hides, unknown) = (server.send(&with(&cookie, "/hidden")), server.send(&with(&cookie, "/unknown")));
    assert_eq!((hides.status, hides.without_date()), (404, unknown.without_date()));
    assert!(hides.lines("set-cookie").is_empty() && !hides.lines("vary").iter().any(|line| line.contains("Cookie")));
}

#[test]
fn session_cookie_name_is_exact_and_planted_ids_are_refused() {
    // COOKIE-2, COOKIE-3, SESS-1, T31, T32
    let (server, _) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let value = cookie.strip_prefix("__Host-session=").unwrap();
    let mallory = logged_in(&server, json!({ "sub": "mallory" }));
    let split = server.send(&with("a=b", "/me").field("Cookie", &cookie));
    assert_eq!(split.status, 200, "HTTP/2 splits the line");
    for forged in [
        format!("%5F%5FHost-session={value}"),
        format!("__HOST-session={value}"),
        format!("session={value}"),
        format!("__Host-session=\"{value}\""),
        format!("{cookie}; {mallory}"),
        "__Host-session=AAAA".to_owned(),
    ] {
        denied(&forged, &server.send(&with(&forged, "/me")), 401, "missing-credentials", &[SESSION]);
    }
    // Session fixation: a planted id never becomes the id of a session.
    let planted = format!("__Host-session={}", "A".repeat(43));
    let answer = server.send(&posted("/as", &json!({ "sub": "alice" })).field("Cookie", &planted));
    assert_ne!(cookie_of(&answer), planted);
    assert_eq!(server.send(&with(&planted, "/me")).status, 401);
}

#[test]
fn login_rotates_the_session_id_and_invalidates_the_old_one() {
    // SESS-2, H14, COOKIE-4
    let (server, _) = plain();
    let before = logged_in(&server, json!({ "sub": "alice" }));
    denied_or(&server.send(&with(&before, "/strong")), 401);
    let answer = server.send(&posted("/as", &json!({ "sub": "alice", "acr": "mfa" })).field("Cookie", &before));
    let after = cookie_of(&answer);
    assert_ne!(before, after);
    assert_eq!(server.send(&with(&after, "/strong")).status, 200, "stepped up");
    let old = server.send(&with(&before, "/me"));
    assert_eq!(old.status, 401, "dead at once");
    assert!(old.lines("set-cookie").is_empty(), "its answer, which may come last, must not delete the new cookie");
    assert_eq!(server.send(&with(&after, "/me")).status, 200);
}

#[test]
fn logout_with_a_superseded_cookie_ends_the_current_session() {
    // H14
    let (server, _) = plain();
    let first = logged_in(&server, json!({ "sub": "alice" }));
    let again =
        |cookie: &str| cookie_of(&server.send(&posted("/as", &json!({ "sub": "alice" })).field("Cookie", cookie)));
    let second = again(&first);
    let third = again(&second);
    let out = server.send(&request("POST", "/logout").field("Cookie", &first).fields(&[OURS]));
    assert_eq!(out.status, 204);
    assert_eq!(server.send(&with(&third, "/me")).status, 401, "logout means logout");
    let other = logged_in(&server, json!({ "sub": "alice" }));
    let out = server.send(&request("POST", "/logout").field("Cookie", &first).fields(&[OURS]));
    assert_eq!((out.status, server.send(&with(&other, "/me")).status), (204, 200), "and no more than that");
}

#[test]
fn session_of_another_realm_is_ignored_and_preserved() {
    // C2
    let sessions = Sessions::memory();
    let staff = |realm: &'static str| serving_in(realm, sessions.clone(), |auth| auth).0;
    let (ours, theirs) = (staff("reports"), staff("shop"));
    let alice = logged_in(&ours, json!({ "sub": "alice", "roles": ["admin"] }));
    assert_eq!(ours.send(&with(&alice, "/admin")).status, 200);
    let answer = theirs.send(&with(&alice, "/admin"));
    assert_eq!((answer.status, answer.lines("set-cookie").len()), (401, 0), "{answer:?}");
    assert_eq!(theirs.send(&with(&alice, "/home")).text(), "anonymous");
    // Another realm does not end the session either.
    let out = theirs.send(&request("POST", "/logout").field("Cookie", &alice).fields(&[OURS]));
    assert_eq!(out.status, 204);
    assert_eq!(theirs.send(&posted("/as", &json!({ "sub": "bob" })).field("Cookie", &alice)).status, 200);
    assert_eq!(ours.send(&with(&alice, "/admin")).status, 200);
}

#[test]
fn insecure_session_settings_do_not_build() {
    // COOKIE-1, SESS-3, L7
    let build =
        |sessions: Sessions| Auth::builder().session(sessions).build().map(drop).map_err(|error| error.to_string());
    let hour = Duration::from_secs(3600);
    #[rustfmt::skip]
    let table = [
        (Sessions::memory().cookie_name("__Host-x"), "`.session(…)`: `.cookie_name(…)`: \"__Host-x\" is not a cookie name: write letters, digits, `-` and `_`, without a prefix such as `__Host-`"),
        (Sessions::memory().idle_timeout(Duration::ZERO), "`.session(…)`: `.idle_timeout(…)` must be from one second to one year"),
        (Sessions::memory().absolute_timeout(Duration::MAX), "`.session(…)`: `.absolute_timeout(…)` must be from one second to one year"),
        (Sessions::memory().refresh_roles_after(2 * hour), "`.session(…)`: `.refresh_roles_after(…)` must be at most one hour"),
        (Sessions::memory().absolute_timeout(hour).idle_timeout(2 * hour), "`.session(…)`: `.idle_timeout(…)` is longer than `.absolute_timeout(…)`"),
    ];
    for (sessions, expected) in table {
        assert_eq!(build(sessions), Err(expected.to_owned()));
    }
    assert_eq!(build(Sessions::memory()), Ok(()));
    let two =
        Auth::builder().session(Sessions::memory()).bearer(jwt()).build().map(drop).map_err(|error| error.to_string());
    assert!(two.unwrap_err().contains("must declare what it `.confers(…)`"));
    let users = PasswordAuthenticator::new(Staff::default());
    let basic = |users: PasswordAuthenticator| auth_actix::password::Basic::new(users).confers(Confers::everything());
    let both = |form: PasswordAuthenticator| {
        let sessions = Sessions::memory().confers(Confers::everything());
        Auth::builder().session(sessions).basic(basic(users.clone())).users(form).build().map(drop)
    };
    assert_eq!(both(users.clone()), Ok(()));
    assert!(both(PasswordAuthenticator::new(Staff::default())).is_err(), "one name, two people");
    // L7: behind a proxy, every client appears to be local.
    let here = || Auth::builder().session(Sessions::memory().insecure_localhost());
    let proxied =
        here().trusted_proxies(["127.0.0.1"], auth_actix::client::ForwardingHeader::XForwardedFor).build().map(drop);
    assert!(proxied.unwrap_err().to_string().starts_with("`.insecure_localhost()`"));
    assert!(here().client_address(auth_actix::Peer).build().is_ok());
    let (server, _) = serving(Sessions::memory().insecure_localhost(), |auth| auth);
    let answer = server.send(&posted("/as", &json!({ "sub": "alice" })));
    assert!(answer.lines("set-cookie")[0].starts_with("session=") && !answer.lines("set-cookie")[0].contains("Secure"));
}
