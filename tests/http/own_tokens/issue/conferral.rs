//! Tests of what a caller may pass on to a token.

use super::*;

const BEYOND: &str = "403 insufficient-permissions";

/// Returns the requests of each kind of caller, for a path.
fn callers(place: &Place) -> Vec<(&'static str, Box<dyn Fn(&str) -> Request>)> {
    let jwt = |members: serde_json::Value| {
        let line = bearer(members);
        Box::new(move |path: &str| request("POST", path).authorization(&line)) as Box<dyn Fn(&str) -> Request>
    };
    let own = |store: usize, token: &str, change: &dyn Fn(&mut TokenRecord)| {
        place.stores[store].add(token, |record| {
            record.owner = Owner::Account(AccountId::new("member", 7));
            record.ceiling = Some(Rights::everything());
            change(record);
        });
        let line = format!("Bearer {token}");
        Box::new(move |path: &str| request("POST", path).authorization(&line)) as Box<dyn Fn(&str) -> Request>
    };
    let login = place.server.send(&request("POST", "/log-in").field("Sec-Fetch-Site", "same-origin"));
    let cookie = login.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let limited = |record: &mut TokenRecord| {
        record.ceiling = Some(Rights::new().roles(["editor"]).scopes(["read:reports"]));
    };
    vec![
        ("jwt", jwt(json!({}))),
        ("jwt with a scope", jwt(json!({ "scope": "read:reports" }))),
        ("jwt with an actor", jwt(json!({ "act": { "sub": "bob" } }))),
        ("jwt of acme", jwt(json!({ "org": "acme" }))),
        (
            "password",
            Box::new(|path| {
                request("POST", path)
                    .authorization(auth_tests::token::basic("alice", crate::users::PASSWORD))
                    .field("Sec-Fetch-Site", "same-origin")
            }),
        ),
        (
            "cookie",
            Box::new(move |path| request("POST", path).field("Cookie", &cookie).field("Sec-Fetch-Site", "same-origin")),
        ),
        ("personal", own(0, "pat_all", &|_| {})),
        ("login", own(1, "log_all", &|_| {})),
        ("limited login", own(1, "log_limited", &limited)),
        ("local login", own(1, "log_local", &|record| record.networks = Some(vec!["127.0.0.0/8".parse().unwrap()]))),
    ]
}

#[test]
fn token_is_within_what_its_issuer_holds() {
    // TOKEN-7, TOKEN-12
    let place = place();
    let callers = callers(&place);
    let acme = ", tenants [org=\"acme\"]";
    let bound = |text: &str| format!("{text}{acme}");
    let local = |text: &str| format!("{text}, networks 1");
    let (read, write) = ("scopes \"read:reports\"", "scopes \"write:reports\"");
    let (admin, editor) = ("roles \"admin\"", "roles \"editor\"");
    let posts = "permissions \"posts:write\"";
    #[rustfmt::skip]
    let table: Vec<(&str, &str, String)> = vec![
        ("jwt",               "nothing",    "nothing".into()),
        ("jwt",               "admin",      admin.into()),
        ("jwt",               "editor",     editor.into()),   // implied by admin
        ("jwt",               "posts",      posts.into()),    // granted by editor
        ("jwt",               "viewer",     BEYOND.into()),
        ("jwt",               "unknown",    BEYOND.into()),
        ("jwt",               "deletion",   BEYOND.into()),
        ("jwt",               "all-roles",  BEYOND.into()),
        ("jwt",               "everything", BEYOND.into()),
        // The source confers scopes, and the token of the caller has none.
        ("jwt",               "read",       BEYOND.into()),
        ("jwt with a scope",  "read",       read.into()),
        ("jwt with a scope",  "write",      BEYOND.into()),
        ("jwt with a scope",  "all-scopes", BEYOND.into()),
        // A login without scopes may issue any.
        ("password",          "read",       read.into()),
        ("password",          "all-scopes", "all scopes".into()),
        ("password",          "viewer",     BEYOND.into()),
        ("cookie",            "write",      write.into()),
        ("cookie",            "viewer",     BEYOND.into()),
        // Tenants: alice is an editor of acme, and no administrator of it. A role that rules negate is no membership.
        ("jwt",               "acme",        bound("nothing")),
        ("jwt",               "acme-editor", bound(editor)),
        ("jwt",               "acme-admin",  BEYOND.into()),
        ("jwt",               "umbrella",    BEYOND.into()),
        ("jwt",               "evil",        BEYOND.into()),
        ("jwt",               "acme-team",   BEYOND.into()),
        ("jwt",               "nowhere",     "nothing, tenants []".into()),
        ("jwt of acme",       "nothing",     bound("nothing")),
        ("jwt of acme",       "editor",      bound(editor)),
        ("jwt of acme",       "admin",       BEYOND.into()),
        ("jwt of acme",       "acme",        bound("nothing")),
        ("jwt of acme",       "umbrella",    BEYOND.into()),
        ("jwt of acme",       "acme-team",   BEYOND.into()),
        ("jwt",               "inside",      local("nothing")),
        ("jwt",               "internet",    local("nothing")),
        // An actor, and a token.
        ("jwt with an actor", "nothing",     BEYOND.into()),
        ("jwt with an actor", "admin",       BEYOND.into()),
        ("personal",          "nothing",     BEYOND.into()),
        ("personal",          "admin",       BEYOND.into()),
        ("personal",          "read",        BEYOND.into()),
        // A login session may issue tokens, within its own limits.
        ("login",             "admin",       admin.into()),
        ("login",             "read",        read.into()),
        ("login",             "all-scopes",  "all scopes".into()),
        ("login",             "all-roles",   BEYOND.into()),
        ("login",             "viewer",      BEYOND.into()),
        ("limited login",     "nothing",     "nothing".into()),
        ("limited login",     "editor",      editor.into()),
        ("limited login",     "posts",       posts.into()),
        ("limited login",     "admin",       BEYOND.into()),
        ("limited login",     "read",        read.into()),
        ("limited login",     "write",       BEYOND.into()),
        ("limited login",     "all-scopes",  BEYOND.into()),
        ("limited login",     "everything",  BEYOND.into()),
        ("local login",       "nothing",     local("nothing")),
        ("local login",       "inside",      local("nothing")),
        ("local login",       "internet",    BEYOND.into()),
    ];
    for (caller, case, expected) in table {
        let (_, send) = callers.iter().find(|(name, _)| *name == caller).unwrap();
        assert_eq!(place.send(&send(&format!("/issue/{case}"))), expected, "{caller}: {case}");
    }
    let kinds = place.record.take("token-issued");
    assert!(kinds.len() > 20 && kinds.iter().all(|[subject, ..]| subject == "account:member:7"), "{kinds:?}");
}

#[test]
fn token_of_a_bound_login_is_bound_to_its_tenants() {
    // TOKEN-7, TENANT-11
    let place = place();
    place.stores[1].add("log_acme", |record| {
        record.owner = Owner::Account(AccountId::new("member", 7));
        record.ceiling = Some(Rights::everything());
        record.tenants = Some(vec![Tenant::of("org", "acme")]);
    });
    let acme = ", tenants [org=\"acme\"]";
    #[rustfmt::skip]
    let table = [
        ("nothing",  format!("nothing{acme}")),
        ("editor",   format!("roles \"editor\"{acme}")),
        ("admin",    BEYOND.to_owned()),
        ("umbrella", BEYOND.to_owned()),
        ("nowhere",  "nothing, tenants []".to_owned()),
    ];
    for (case, expected) in table {
        let request = request("POST", &format!("/orgs/acme/issue/{case}")).authorization("Bearer log_acme");
        assert_eq!(place.send(&request), expected, "{case}");
    }
}

#[test]
fn rights_are_compared_as_of_now() {
    // TOKEN-7, ACCT-9
    let place = place();
    let issue = |case: &str| place.send(&request("POST", &format!("/issue/{case}")).authorization(bearer(json!({}))));
    assert_eq!(issue("acme-editor"), "roles \"editor\", tenants [org=\"acme\"]");
    place.members.change(|state| state.is_away = true);
    assert_eq!(issue("acme-editor"), "503 authentication-unavailable");
    assert_eq!(issue("admin"), "503 authentication-unavailable");
    assert_eq!(issue("nothing"), "nothing", "no right has to be looked up");
    place.members.change(|state| *state = State::default());
    // A caller that was kept after its request.
    let keep = || {
        assert_eq!(place.send(&request("POST", "/keep").authorization(bearer(json!({})))), "kept");
        place.kept.0.lock().unwrap().clone().unwrap()
    };
    let kept = keep();
    let result = |roles: &[&str]| {
        let new = NewToken::by(&kept).roles(roles);
        match futures_lite(place.sources.personal.issue(new)) {
            Ok(_) => "issued".to_owned(),
            Err(IssueError::Denied(denial)) => denial.reason.response().problem.to_owned(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(result(&["admin"]), "issued");
    place.members.change(|state| state.demoted = true);
    assert_eq!((result(&["admin"]).as_str(), result(&[]).as_str()), ("insufficient-permissions", "issued"));
    place.members.change(|state| *state = State { suspended: [7].into(), ..State::default() });
    assert_eq!(result(&[]), "account-suspended");
    place.members.change(|state| *state = State { gone: [7].into(), ..State::default() });
    assert_eq!(result(&[]), "insufficient-permissions", "the login identifies no account any more");
    place.members.change(|state| *state = State::default());
    place.blocks.add(auth_actix::blocklist::BlockEntry::BlockSubject(kept.principal().id())).unwrap();
    assert_eq!(result(&[]), "access-blocked");
}

#[test]
fn caller_of_another_auth_is_refused() {
    // TOKEN-7, H6
    let (one, other) = (place(), place());
    assert_eq!(one.send(&request("POST", "/keep").authorization(bearer(json!({})))), "kept");
    let kept = one.kept.0.lock().unwrap().clone().unwrap();
    assert!(futures_lite(one.sources.personal.issue(NewToken::by(&kept))).is_ok());
    let refused = futures_lite(other.sources.personal.issue(NewToken::by(&kept)));
    assert!(matches!(refused, Err(IssueError::Denied(_))), "{refused:?}");
    let denied = other.record.take("denied");
    assert_eq!(denied[0][2], "the caller was verified by another `Auth`");
}
