//! Tests of the login page, and of the responses for htmx.

use super::*;

#[test]
fn login_accepts_form_or_json_and_redirects_only_same_site() {
    // CSRF-4, PROB-5, SESS-7
    let (server, _) = serving(Sessions::memory(), |auth| auth.users(Staff::default()).login_page("/login"));
    let (site, ours) = OURS;
    let navigates = [("Sec-Fetch-Mode", "navigate"), (site, "none")];
    let sent = server.send(&get("/me?a=1&b=2").fields(&navigates));
    assert_eq!((sent.status, sent.field("location")), (303, Some("/login?return_to=/me%3Fa%3D1%26b%3D2")));
    let page = server.send(&get("/login?return_to=/me%3Fa%3D1%26b%3D%22%3E%3Cscript%3E"));
    assert_eq!((page.status, page.field("cache-control")), (200, Some("no-store")));
    assert!(page.text().contains("value=\"/me?a=1&amp;b=&quot;&gt;&lt;script&gt;\""), "{}", page.text());
    let form = |fields: &str| {
        let form = request("POST", "/login").field(site, ours).field("Sec-Fetch-Mode", "navigate");
        server.send(&form.field("Content-Type", "application/x-www-form-urlencoded").body(fields))
    };
    let password = PASSWORD.replace(' ', "+");
    #[rustfmt::skip]
    let table = [
        ("/me?a=1%26b=2", "/me?a=1&b=2"), ("//evil.example", "/"), ("/%5Cevil.example", "/"), ("https://evil.example", "/"),
        ("/%09/evil.example", "/"), ("/%0A/evil.example", "/"), ("/a%0D%0ASet-Cookie:x", "/"), ("", "/"), ("me", "/"), ("javascript:alert(1)", "/"),
    ];
    for (return_to, location) in table {
        let answer = form(&format!("username=alice&password={password}&return_to={return_to}"));
        assert_eq!((answer.status, answer.field("location")), (303, Some(location)), "{return_to}");
        assert!(cookie_of(&answer).len() > 40);
    }
    let wrong = form("username=alice&password=canary&return_to=/me");
    assert_eq!(wrong.status, 401);
    is_a_denial("wrong", &wrong);
    assert!(wrong.text().contains("The name or the password is wrong.") && !wrong.text().contains("canary"));
    assert!(wrong.text().contains("value=\"/me\""), "it still leads back");
    let in_json = |body: serde_json::Value| server.send(&posted("/login", &body));
    let good = in_json(json!({ "username": "alice", "password": PASSWORD, "remember": true }));
    assert_eq!(good.status, 204);
    assert!(good.field("set-cookie").unwrap().contains("Max-Age="), "remembered");
    let session = format!("{SESSION}, login=\"/login\"");
    denied("json", &in_json(json!({ "username": "alice", "password": "x" })), 401, "invalid-credentials", &[&session]);
    // Only the two content types, and limited body sizes.
    for (kind, body) in
        [("text/plain", "{}".to_owned()), ("application/json", format!("{{\"username\":\"{}\"}}", "a".repeat(9000)))]
    {
        let answer = server.send(&request("POST", "/login").field(site, ours).field("Content-Type", kind).body(body));
        assert!((400..500).contains(&answer.status) && answer.lines("set-cookie").is_empty(), "{answer:?}");
    }
    assert_eq!(server.send(&get("/logout")).status, 405, "a link does not log out");
}

#[test]
fn htmx_requests_receive_a_login_redirect_or_html_fragment() {
    let (server, _) = serving(Sessions::memory(), |auth| auth.users(Staff::default()).login_page("/login"));
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let htmx =
        |request: Request| request.field("HX-Request", "true").field("HX-Current-URL", "http://localhost/page?x=1");
    let away = server.send(&htmx(get("/me")));
    assert_eq!((away.status, away.field("hx-redirect")), (401, Some("/login?return_to=/page%3Fx%3D1")));
    let refused = server.send(&htmx(with(&cookie, "/admin")));
    assert_eq!((refused.status, refused.field("content-type")), (403, Some("text/html; charset=utf-8")));
    assert!(refused.text().starts_with("<div role=\"alert\">") && refused.field("hx-redirect").is_none());
    let evil = server.send(&get("/me").field("HX-Request", "true").field("HX-Current-URL", "http://a//evil.example"));
    assert_eq!(evil.field("hx-redirect"), Some("/login?return_to=/"));
}

#[test]
fn malformed_login_is_refused_and_neither_echoed_nor_logged() {
    // LOG-1, LOG-2
    logs::capture();
    let (server, _) = serving(Sessions::memory(), |auth| auth.users(Staff::default()));
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    let long = format!("username=a&password={}", "x".repeat(9_000));
    #[rustfmt::skip]
    let table = [
        (json, r#"{"username":"a","password":4711471147}"#, 400),
        (json, r#"{"username":"a","username":"b","password":"canary-47"}"#, 400),
        (json, r#"["canary-47"]"#, 400),
        (json, r#"{"username":"a","password":"canary-47""#, 400),
        ("application/JSON; charset=utf-8", r#"{"username":{"canary-47":1}}"#, 400),
        (form, "username=a", 400),
        (form, "password=canary-47&password=b&username=c", 400),
        (form, long.as_str(), 413),
        ("text/plain", "username=a&password=canary-47", 415),
        ("", "username=a&password=canary-47", 415),
    ];
    let (site, ours) = OURS;
    for (kind, body, expected) in table {
        let answer = server.send(&request("POST", "/login").field(site, ours).field("Content-Type", kind).body(body));
        assert_eq!((answer.status, answer.text()), (expected, ""), "{kind} {body}");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{body}");
    }
    let told = format!("{:?}", logs::lines());
    assert!(!told.contains("canary-47") && !told.contains("4711471147"), "{told}");
}
