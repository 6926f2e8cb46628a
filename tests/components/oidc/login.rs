//! Tests of login at a real provider: in a browser, and with forged requests.

use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};
use auth_actix::oidc::OidcLogin;
use auth_actix::session::{NewSession, Sessions};
use auth_actix::{Auth, AuthBuilder, Principal, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::wire::{Answer, get as ask};
use serde_json::json;

use super::super::browser::Browser;
use super::open::Role;
use super::provider::{Provider, Second, WEB, escaped};

#[require_auth]
#[get("/members")]
async fn members(caller: Principal) -> HttpResponse {
    let claim = |name: &str| caller.claim(name).map(|value| value.to_string()).unwrap_or_default();
    let text = format!("Hello {} by {} {}", caller.id(), caller.scheme().name(), claim("acr"));
    let page =
        format!("<!doctype html><h1>{text}</h1><form method=post action=/logout><button id=out>Out</button></form>");
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "the administrators' page"
}

#[require_auth(acr = "urn:example:mfa")]
#[get("/transfer")]
async fn transfer() -> &'static str {
    "transferred"
}

#[require_auth(max_age = "1h")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

#[derive(auth_actix::Role)]
#[allow(dead_code)]
enum Staff {
    Suspended,
}

mod staff {
    use super::Staff as Role;

    #[auth_actix::require(authenticated && !role("suspended"))]
    #[actix_web::get("/comment")]
    pub(super) async fn comment() -> &'static str {
        "comment"
    }
}

const CALLBACK: &str = "/login/callback";

/// A running site and its OpenID provider.
struct Site {
    server: Server,
    provider: Provider,
    origin: String,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn login(provider: &Provider, origin: &str) -> OidcLogin {
    OidcLogin::new(&provider.issuer, WEB.0, WEB.1, format!("{origin}{CALLBACK}"))
}

fn serve(port: u16, builder: AuthBuilder) -> Server {
    let auth = builder.build().unwrap();
    Server::start_at(port, move |config: &mut ServiceConfig| {
        let scope =
            auth.scope("").service(members).service(admin).service(transfer).service(fresh).service(staff::comment);
        let scope = scope.service(auth.oidc_login()).service(auth.oidc_callback());
        config.service(scope.service(auth.logout("/logout")));
    })
}

fn sessions() -> Sessions {
    Sessions::memory().insecure_localhost()
}

impl Site {
    fn start(settings: impl FnOnce(OidcLogin) -> OidcLogin) -> Option<Self> {
        let port = free_port();
        let origin = format!("http://localhost:{port}");
        let provider = Provider::start_for(&format!("{origin}{CALLBACK}"))?;
        let builder = Auth::builder().session(sessions()).oidc_login(settings(login(&provider, &origin)));
        Some(Self { server: serve(port, builder), provider, origin })
    }

    /// Starts a login. Returns the redirect target and the cookie of the login.
    fn begin(&self, path: &str) -> (String, String) {
        let answer = self.server.send(&ask(path).field("Sec-Fetch-Mode", "navigate"));
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        (answer.field("location").unwrap().to_owned(), cookie)
    }

    /// Signs in at the provider and returns the path to which it redirects back.
    fn signed_in(&self, location: &str, user: &str) -> String {
        self.provider.sign_in(location, user).strip_prefix(&self.origin).unwrap().to_owned()
    }

    fn back(&self, path: &str, cookie: &str) -> Answer {
        let asked = ask(path).field("Cookie", cookie).field("Sec-Fetch-Site", "cross-site");
        self.server.send(&asked.field("Sec-Fetch-Mode", "navigate").field("Accept", "text/html"))
    }
}

/// Returns a query parameter of a URL.
fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned)
}

fn with(address: &str, name: &str, value: Option<&str>) -> String {
    let (path, query) = address.split_once('?').unwrap();
    let others = query.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).map(str::to_owned);
    let pairs: Vec<_> = others.chain(value.map(|value| format!("{name}={value}"))).collect();
    format!("{path}?{}", pairs.join("&"))
}

#[test]
fn browser_logs_in_and_out_at_the_provider() {
    // M13, STEP-1: in a real browser.
    let Some(site) = Site::start(|login| login.scopes(["admin"])) else { return };
    let Some(browser) = Browser::start() else { return };
    let sign_in = |user: &str| {
        browser.until("the provider asks", |browser| browser.run("return location.port") == site.provider.port());
        browser.enter("input[name=user]", user);
        browser.click("button");
    };
    browser.open(&format!("{}/members?a=1", site.origin));
    sign_in("alice");
    browser.is_at("/members?a=1");
    browser.shows(&format!("Hello user:{}:{}:alice by Session", site.provider.issuer.len(), site.provider.issuer));
    assert_eq!(browser.run("return document.cookie"), "", "the cookies are HttpOnly");
    // The login time is unknown, so the provider is asked for a new login, which provides it.
    browser.open(&format!("{}/fresh", site.origin));
    sign_in("alice");
    browser.is_at("/fresh");
    browser.shows("fresh");
    // The required level is missing, so the provider is asked for it and requires a new login.
    browser.open(&format!("{}/transfer", site.origin));
    sign_in("alice");
    browser.is_at("/transfer");
    browser.shows("transferred");
    browser.open(&format!("{}/admin", site.origin));
    browser.shows("403");
    browser.open(&format!("{}/members", site.origin));
    browser.shows("urn:example:mfa");
    browser.click("#out");
    browser.is_at("/");
    browser.open(&format!("{}/members", site.origin));
    browser.is_at("/members");
    browser.shows("Hello"); // the session at the provider is still active
}

#[test]
fn login_callback_is_accepted_once_in_the_same_browser() {
    // M13, SESS-2
    let Some(site) = Site::start(|login| login) else { return };
    let (location, cookie) = site.begin("/login?return_to=/members%3Fa%3D1");
    for (name, expected) in
        [("response_type", "code"), ("client_id", "web"), ("scope", "openid"), ("code_challenge_method", "S256")]
    {
        assert_eq!(parameter(&location, name).as_deref(), Some(expected), "{location}");
    }
    let back = site.signed_in(&location, "alice");
    assert_eq!(parameter(&back, "iss"), Some(escaped(&site.provider.issuer).replace("%2E", ".")), "{back}");
    let (other_location, other_cookie) = site.begin("/login");
    let other = site.signed_in(&other_location, "bob");
    let (state, other_state) = (parameter(&back, "state").unwrap(), parameter(&other, "state").unwrap());
    let renamed = |cookie: &str, state: &str| format!("login-{}={}", &state[..8], cookie.split_once('=').unwrap().1);
    #[rustfmt::skip]
    let refused: Vec<(&str, String, String)> = vec![
        ("no cookie",                       back.clone(),                                   String::new()),
        ("the cookie of another login",    back.clone(),                                   other_cookie.clone()),
        ("another cookie, by this name",    back.clone(),                                   renamed(&other_cookie, &state)),
        ("two cookies of this name",        back.clone(),                                   format!("{cookie}; {}", renamed(&other_cookie, &state))),
        ("a cookie that was changed",       back.clone(),                                   format!("{}{}", &cookie[..cookie.len() - 1], if cookie.ends_with('A') { "Q" } else { "A" })),
        ("a cookie made up",                back.clone(),                                   format!("login-{}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &state[..8])),
        ("another state",                   with(&back, "state", Some(&other_state)),       cookie.clone()),
        ("another state, of this name",     with(&back, "state", Some(&format!("{}{}", &state[..8], &other_state[8..]))), cookie.clone()),
        ("no state",                        with(&back, "state", None),                     cookie.clone()),
        ("two states",                      format!("{back}&state={state}"),                cookie.clone()),
        ("two codes",                       format!("{back}&code=x"),                       cookie.clone()),
        ("nothing",                         CALLBACK.to_owned(),                            cookie.clone()),
    ];
    for (case, path, cookies) in refused {
        let answer = site.back(&path, &cookies);
        assert_eq!(answer.status, 400, "{case}: {answer:?}");
        assert!(!answer.lines("set-cookie").iter().any(|line| line.starts_with("session=")), "{case}");
        assert!(answer.text().contains("The login was not completed"), "{case}");
    }
    // The correct response, as a cross-site request. The session has a new id, and the redirect leads to the requested page.
    let first = site.back(&back, &cookie);
    assert_eq!((first.status, first.field("location")), (303, Some("/members?a=1")), "{first:?}");
    assert_eq!(first.field("cache-control"), Some("no-store"));
    assert_eq!(first.field("referrer-policy"), Some("no-referrer"));
    let set = first.lines("set-cookie");
    assert!(set.iter().any(|line| line.starts_with("login-") && line.contains("Max-Age=0")), "{set:?}");
    let session = set.iter().find(|line| line.starts_with("session=")).unwrap().split(';').next().unwrap();
    let page = site.server.send(&ask("/members").field("Cookie", session));
    assert!(page.text().contains(&format!("{}:alice by Session", site.provider.issuer)), "{page:?}");
    assert_eq!(site.back(&back, &cookie).status, 400, "and it is good for once");
    // An invalid response consumes the login attempt.
    for (case, change) in
        [("iss", Some("https%3A%2F%2Fevil.example")), ("iss", None), ("code", Some("made-up")), ("code", None)]
    {
        let (location, cookie) = site.begin("/login");
        let back = site.signed_in(&location, "alice");
        let answer = site.back(&with(&back, case, change), &cookie);
        assert_eq!(answer.status, 400, "{case} {change:?}");
        assert_eq!(site.back(&back, &cookie).status, 400, "{case} {change:?}: it was tried");
    }
    // A code of another login attempt is bound to that attempt's verifier (PKCE).
    let (location, cookie) = site.begin("/login");
    let mine = site.signed_in(&location, "alice");
    let theirs = with(&mine, "code", parameter(&other, "code").as_deref());
    assert_eq!(site.back(&theirs, &cookie).status, 400);
    // A browser may have several pending logins. When there are too many, the next login deletes the others.
    let cookies: Vec<_> = (0..4).map(|_| site.begin("/login").1).collect();
    let begun = site.server.send(&ask("/login").field("Cookie", cookies.join("; ")));
    let deleted = begun.lines("set-cookie").into_iter().filter(|line| line.contains("Max-Age=0")).count();
    assert_eq!((deleted, begun.lines("set-cookie").len()), (4, 5), "{begun:?}");
    let begun = site.server.send(&ask("/login").field("Cookie", cookies[..3].join("; ")));
    assert_eq!(begun.lines("set-cookie").len(), 1);
    // The provider denies the login.
    let (location, cookie) = site.begin("/login");
    let state = parameter(&location, "state").unwrap();
    let denied = format!("{CALLBACK}?error=access_denied&state={state}&iss={}", escaped(&site.provider.issuer));
    assert_eq!(site.back(&denied, &cookie).status, 400);
}

#[test]
fn login_redirects_locally_and_uses_the_configured_session() {
    let Some(site) = Site::start(|login| login.log_in(|_| NewSession::user("somebody else").roles(["admin"]))) else {
        return;
    };
    for (asked, expected) in [
        ("/login", "/"),
        ("/login?return_to=//evil.example", "/"),
        ("/login?return_to=https%3A%2F%2Fevil.example%2F", "/"),
        ("/login?return_to=%2F%5Cevil.example", "/"),
        ("/login?return_to=%2Ffresh", "/fresh"),
        (&format!("/login?return_to=%2F{}", "x".repeat(600)), "/"),
    ] {
        let (location, cookie) = site.begin(asked);
        let answer = site.back(&site.signed_in(&location, "alice"), &cookie);
        assert_eq!((answer.status, answer.field("location")), (303, Some(expected)), "{asked}: {answer:?}");
        let session = answer.lines("set-cookie").into_iter().find(|line| line.starts_with("session=")).unwrap();
        let session = session.split(';').next().unwrap();
        let page = site.server.send(&ask("/members").field("Cookie", session));
        assert!(page.text().contains(":alice by"), "the subject is that of the ID token: {page:?}");
        assert_eq!(site.server.send(&ask("/admin").field("Cookie", session)).status, 200);
        let answer = site.server.send(&ask("/fresh").field("Cookie", session));
        assert_eq!(answer.status, 401, "an unknown login time is not a recent one");
    }
}

#[test]
fn provider_outage_is_503_and_instances_share_login_state() {
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let Some(mut provider) = Provider::start_for(&format!("{origin}{CALLBACK}")) else { return };
    provider.kill();
    let secret = "a secret that both of the instances share";
    let builder = || {
        Auth::builder().realm("site").session(sessions()).oidc_login(login(&provider, &origin).sealing_secret(secret))
    };
    let (one, two) = (serve(port, builder()), serve(free_port(), builder()));
    let start = |server: &Server| server.send(&ask("/login"));
    let away = start(&one);
    assert_eq!((away.status, away.problem().as_str()), (503, "authentication-unavailable"));
    provider.restart();
    super::until("it is found again", Duration::from_secs(5), || start(&one).status == 303);
    let begun = start(&one);
    let cookie = begun.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = provider.sign_in(begun.field("location").unwrap(), "alice");
    let back = back.strip_prefix(&origin).unwrap();
    let answer = two.send(&ask(back).field("Cookie", cookie));
    assert_eq!(answer.status, 303, "what began at one may end at the other: {answer:?}");
    let begun = start(&two);
    let cookie = begun.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = provider.sign_in(begun.field("location").unwrap(), "alice");
    provider.kill();
    let answer = two.send(&ask(back.strip_prefix(&origin).unwrap()).field("Cookie", cookie));
    assert_eq!(answer.status, 503, "{answer:?}");
}

#[test]
fn id_tokens_not_issued_for_this_login_are_refused() {
    // OpenID Connect Core 1.0 §3.1.3.7, C4, H16: a second issuer signs the claims that the test chooses.
    let Some(second) = Second::start() else { return };
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let login = OidcLogin::new(&second.issuer, WEB.0, WEB.1, format!("{origin}{CALLBACK}"));
    let server = serve(port, Auth::builder().session(sessions()).oidc_login(login));
    let attempt = |session: Option<&str>| {
        let asked =
            session.iter().fold(ask("/login?return_to=/members"), |asked, session| asked.field("Cookie", session));
        let begun = server.send(&asked);
        let cookie = begun.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let back = second.sign_in(begun.field("location").unwrap());
        server.send(&ask(back.strip_prefix(&origin).unwrap()).field("Cookie", cookie))
    };
    let nothing = || json!({});
    let now = auth_tests::token::now();
    #[rustfmt::skip]
    let table = [
        ("as it is",                        nothing(),                      nothing(),                                                  303),
        ("for this client and another",     nothing(),                      json!({ "aud": ["web", "other"], "azp": "web" }),           303),
        ("several audiences, no azp", nothing(),                json!({ "aud": ["web", "other"] }),                         400),
        ("for another client",              nothing(),                      json!({ "aud": "other" }),                                  400),
        ("for another party",               nothing(),                      json!({ "azp": "other" }),                                  400),
        ("of another login",               nothing(),                      json!({ "nonce": "another" }),                              400),
        ("of no login",                    nothing(),                      json!({ "nonce": null }),                                   400),
        ("of another issuer",               nothing(),                      json!({ "iss": "https://id.example" }),                     400),
        ("expired",                         nothing(),                      json!({ "exp": now - 120 }),                                400),
        ("without a subject",               nothing(),                      json!({ "sub": null }),                                     400),
        ("with an actor",                   nothing(),                      json!({ "act": { "sub": "bob" } }),                         400),
        ("an access token",                 json!({ "typ": "at+jwt" }),     nothing(),                                                  400),
        ("with a key of its own",           json!({ "jwk": {} }),           nothing(),                                                  400),
        ("by an unknown key",               json!({ "kid": "unknown" }),    nothing(),                                                  400),
    ];
    for (case, header, claims, status) in table {
        second.next(header, claims);
        let answer = attempt(None);
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        assert_eq!(answer.lines("set-cookie").iter().any(|line| line.starts_with("session=")), status == 303, "{case}");
    }
    // A caller with a session must log in again. A provider that does not require it, or does not confirm it in `auth_time`, is
    // rejected.
    second.next(nothing(), json!({ "roles": ["admin"] }));
    let first = attempt(None);
    let session = first.lines("set-cookie").into_iter().find(|line| line.starts_with("session=")).unwrap();
    let session = session.split(';').next().unwrap();
    for (auth_time, status) in [(json!(null), 400), (json!(now - 3600), 400), (json!(now), 303)] {
        second.next(nothing(), json!({ "auth_time": auth_time }));
        assert_eq!(attempt(Some(session)).status, status, "{auth_time}");
    }
    // Facts that the ID token does not contain are unknown in the session too.
    let comment = |claims: serde_json::Value| {
        second.next(nothing(), claims);
        let answer = attempt(None);
        let session = answer.lines("set-cookie").into_iter().find(|line| line.starts_with("session=")).unwrap();
        server.send(&ask("/comment").field("Cookie", session.split(';').next().unwrap())).status
    };
    #[rustfmt::skip]
    let table = [
        (json!({ "roles": [] }),                        200),
        (json!({ "roles": ["suspended"] }),             403),
        (json!({}),                                     403),
        // A group overage (Entra ID) does not make the list of roles incomplete.
        (json!({ "roles": [], "hasgroups": true }),     200),
        (json!({ "_claim_names": { "roles": "src1" } }), 403),
    ];
    for (claims, status) in table {
        assert_eq!(comment(claims.clone()), status, "{claims}");
    }
}

#[test]
fn invalid_oidc_login_settings_do_not_build() {
    use auth_actix::{Confers, Jwt};
    let login = |redirect: &str| OidcLogin::new("https://id.example", "web", "secret", redirect);
    let good = || login("https://app.example/login/callback");
    let with = |login| Auth::builder().session(Sessions::memory().confers(Confers::everything())).oidc_login(login);
    let tokens = Jwt::hs256([b'x'; 32]).issuer("a").audience("b").confers(Confers::everything());
    #[rustfmt::skip]
    let table = [
        (with(good()), ""),
        (with(good().sealing_secret("x".repeat(32))), ""),
        (Auth::builder().bearer(tokens.clone()).oidc_login(good()), "requires sessions"),
        (Auth::builder().session(Sessions::memory().strict()).oidc_login(good()), "`Sessions::strict()`"),
        (with(good().id_tokens(|tokens| tokens.tenant("org", "acme"))), "sessions have no tenant"), // C3
        (with(login("http://app.example/cb")), "not an `https` address of this server"),
        (with(login("https://app.example/cb?x=1")), "not an `https` address of this server"),
        (with(login("/cb")), "not an `https` address of this server"),
        (with(OidcLogin::new("http://id.example", "web", "secret", "https://app.example/cb")), "invalid provider address"),
        (with(good().scopes(["two words"])), "is not a scope"),
        (with(good().sealing_secret("short")), "has 5 bytes, and needs 32"),
        (with(good().sealing_secret("x".repeat(32))).bearer(tokens), "HMAC secret of an issuer"), // L2
    ];
    for (builder, expected) in table {
        let error = builder.build().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{expected}: {error}");
    }
    assert!(!format!("{:?}", good().sealing_secret("canary of the sealing secret")).contains("canary"));
}
