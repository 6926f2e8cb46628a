//! Tests of open mode: the caller of every request, the requests that it refuses, and its settings.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::ServiceConfig;
use actix_web::{App, get, post};
use auth_actix::audit::{Event, Sink};
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights};
use auth_actix::password::Basic;
use auth_actix::{
    Auth, AuthBuilder, Caller, Confers, Peer, Principal, at, public, require, require_auth, require_permission,
    require_role, require_scope,
};
use auth_tests::logs;
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Answer, Request, get as ask, request};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Permission, Role, TokenScope, denied, jwt};

/// A record of the application.
struct Member {
    id: u32,
    roles: Vec<&'static str>,
}

struct Members;

impl Accounts for Members {
    type Account = Member;
    type Error = &'static str;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, _: &Login<'_>) -> Result<Lookup<Member>, &'static str> {
        Err("open mode does not look for accounts")
    }

    fn account_id(&self, member: &Member) -> AccountId {
        AccountId::new(if member.id == 0 { "robot" } else { "member" }, member.id)
    }

    fn rights(&self, member: &Member) -> Rights {
        Rights::new().roles(&member.roles)
    }
}

#[require_auth]
#[get("/me")]
async fn get_me(me: Principal) -> String {
    format!("{} {:?}", me.id(), me.account_id().map(ToString::to_string))
}

#[public]
#[get("/home")]
async fn get_home() -> &'static str {
    "home"
}

#[public]
#[post("/home")]
async fn post_home(me: Option<Principal>) -> String {
    me.map_or_else(|| "none".to_owned(), |me| me.id().to_string())
}

#[public]
#[post("/plain")]
async fn post_plain() -> &'static str {
    "plain"
}

#[require_role("admin")]
#[post("/admin")]
async fn post_admin(body: String) -> String {
    body
}

#[require_role("viewer")]
#[get("/viewer")]
async fn get_viewer() -> &'static str {
    "viewer"
}

#[require_permission("posts:write")]
#[get("/write")]
async fn get_write() -> &'static str {
    "write"
}

#[require_scope("read:reports")]
#[get("/scope")]
async fn get_scope() -> &'static str {
    "scope"
}

#[require(role("admin", in = org))]
#[get("/in")]
async fn get_in_tenant(tenant: auth_actix::Tenant) -> String {
    tenant.get("org").unwrap_or_default().to_owned()
}

#[require_auth(max_age = "5m")]
#[get("/fresh")]
async fn get_fresh() -> &'static str {
    "fresh"
}

#[require_auth(acr = "mfa")]
#[get("/acr")]
async fn get_acr() -> &'static str {
    "acr"
}

#[require(login)]
#[get("/login")]
async fn get_login() -> &'static str {
    "login"
}

#[require_auth(scheme = "bearer")]
#[get("/bearer")]
async fn get_bearer() -> &'static str {
    "bearer"
}

/// The kinds of credentials of the same application with authentication.
#[derive(Clone, Copy, auth_actix::Credential)]
enum Credential {
    MasterKey,
}

#[require(credential("master-key"))]
#[get("/master")]
async fn get_master() -> &'static str {
    "master"
}

#[require(claim("org", "acme"))]
#[get("/claim")]
async fn get_claim() -> &'static str {
    "claim"
}

#[require(!role("suspended"))]
#[get("/absent")]
async fn get_absent() -> &'static str {
    "absent"
}

#[require_auth(direct)]
#[get("/direct")]
async fn get_direct() -> &'static str {
    "direct"
}

#[require(login, not_found)]
#[get("/hidden")]
async fn get_hidden() -> &'static str {
    "hidden"
}

#[public]
#[get("/socket")]
async fn get_socket() -> &'static str {
    "socket"
}

#[require_auth]
#[get("/account")]
async fn get_account(me: Caller<Member>) -> String {
    me.account_id().to_string()
}

#[public]
#[get("/maybe-account")]
async fn get_maybe_account(me: Option<Caller<Member>>) -> String {
    me.map_or_else(|| "none".to_owned(), |me| me.id.to_string())
}

fn open(rights: Rights) -> AuthBuilder {
    Auth::builder().realm("reports").roles::<Role>().tenant("org", at::header("X-Org")).open("this is a test", rights)
}

fn configured(auth: &Auth, config: &mut ServiceConfig) {
    let scope = auth.scope("").service(get_me).service(get_home).service(post_home).service(post_plain);
    let scope =
        scope.service(post_admin).service(get_viewer).service(get_write).service(get_scope).service(get_in_tenant);
    let scope = scope.service(get_fresh).service(get_acr).service(get_login).service(get_bearer).service(get_claim);
    let scope = scope.service(get_absent).service(get_direct).service(get_hidden).service(get_socket);
    config.service(scope.service(get_maybe_account).service(get_master));
}

fn serve(auth: AuthBuilder) -> Server {
    let auth = auth.accounts(Members).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| configured(&auth, config))
}

/// Formats a response as its status, with the problem or the body.
fn told(answer: &Answer) -> String {
    if answer.status < 400 {
        return answer.text().to_owned();
    }
    format!("{} {}", answer.status, answer.problem().rsplit('/').next().unwrap())
}

const ADMINISTRATOR: &str = "user:5:local:administrator";

#[test]
fn every_request_is_the_local_administrator() {
    // TOKEN-19, RIGHTS-10
    let everything = serve(open(Rights::everything()));
    let viewer = serve(open(Rights::new().roles(["viewer"]).scopes(["read:reports"])));
    let writer = serve(open(Rights::new().roles(["editor"]).permissions(["posts:write"])));
    let nothing = serve(open(Rights::new()));
    let lacks = "403 insufficient-permissions";
    let me = format!("{ADMINISTRATOR} None");
    #[rustfmt::skip]
    let table = [
        // (path, everything, viewer, writer, nothing)
        ("/me",            [&*me,      &*me,     &*me,    &*me]),
        ("/home",          ["home",    "home",   "home",  "home"]),
        ("/maybe-account", ["none",    "none",   "none",  "none"]),
        ("/viewer",        ["viewer",  "viewer", lacks,   lacks]),
        ("/write",         ["write",   lacks,    "write", lacks]),
        ("/scope",         ["scope",   "scope",  lacks,   lacks]),
        ("/in",            ["acme",    lacks,    lacks,   lacks]),
        ("/direct",        ["direct",  "direct", "direct", "direct"]),
        // Neither of these holds by rights, and another login is impossible.
        ("/fresh",         [lacks; 4]),
        ("/acr",           [lacks; 4]),
        ("/login",         [lacks; 4]),
        ("/bearer",        [lacks; 4]),
        ("/claim",         [lacks; 4]),
        ("/master",        [lacks; 4]),
        ("/absent",        [lacks; 4]),
        ("/hidden",        ["404 not-found"; 4]),
        ("/unknown",       ["404 not-found"; 4]),
    ];
    for (path, expected) in table {
        for (server, expected) in [&everything, &viewer, &writer, &nothing].into_iter().zip(expected) {
            let answer = server.send(&ask(path).field("X-Org", "acme"));
            assert_eq!(told(&answer), expected, "{path}");
            assert!(answer.lines("www-authenticate").is_empty(), "{path}: no credential could help");
        }
    }
    let answer = everything.send(&request("POST", "/admin").body("body"));
    assert_eq!((answer.status, answer.text()), (200, "body"));
    assert_eq!(everything.send(&ask("/in")).status, 400, "row 10a");
    assert_eq!(everything.send(&ask("/me")).field("cache-control"), Some("private"));
}

#[test]
fn a_presented_credential_is_ignored() {
    // TOKEN-19
    let server = serve(open(Rights::new().roles(["viewer"])));
    let admin = bearer(json!({ "sub": "alice", "roles": ["admin"] }));
    let basic = auth_tests::token::basic("alice", PASSWORD);
    let lines: &[&[&str]] = &[
        &[],
        &["Bearer garbage"],
        &[&admin],
        &[&basic],
        &["Bearer \u{e9}"],
        &["Basic ???"],
        &["Digest x"],
        &["pat_bare"],
        &[""],
        &[&admin, &basic],
    ];
    for lines in lines {
        let send = |path: &str, method: &str| {
            let request = if method == "GET" { ask(path) } else { request(method, path).body("x") };
            let request = lines.iter().fold(request, |request, line| request.authorization(line));
            told(&server.send(&request.field("X-Api-Key", "key").field("Cookie", "__Host-session=x")))
        };
        assert_eq!(send("/me", "GET"), format!("{ADMINISTRATOR} None"), "{lines:?}");
        assert_eq!(send("/viewer", "GET"), "viewer", "{lines:?}");
        assert_eq!(send("/admin", "POST"), "403 insufficient-permissions", "{lines:?}");
    }
}

/// Each attack, with the problem of its refusal. `None` for a request that is accepted.
fn attacks() -> Vec<(&'static str, Request, Option<&'static str>)> {
    const SITE: &str = "Sec-Fetch-Site";
    let post = || request("POST", "/plain").body("");
    let page = |host: &str, origin: &str| {
        ask("/socket").host(host).field("Upgrade", "websocket").field("Connection", "Upgrade").field("Origin", origin)
    };
    let (cross_site, blocked) = (Some("cross-site-request"), Some("access-blocked"));
    vec![
        ("a program", post(), None),
        ("a page of this server", post().field(SITE, "same-origin"), None),
        (
            "a form of another site",
            post().field(SITE, "cross-site").field("Origin", "https://evil.example"),
            cross_site,
        ),
        (
            "a form of another port",
            post().field(SITE, "same-site").field("Origin", "http://localhost:3000"),
            cross_site,
        ),
        ("a form without Fetch Metadata", post().field("Origin", "http://evil.example"), cross_site),
        ("a form of another port without Fetch Metadata", post().field("Origin", "http://localhost:3000"), cross_site),
        ("a sandboxed form", post().field("Origin", "null"), cross_site),
        ("a form of a page of this server", post().field("Origin", "http://localhost"), None),
        ("a form of a configured page", post().field(SITE, "cross-site").field("Origin", "https://ui.example"), None),
        ("a cross-site link", ask("/home").field(SITE, "cross-site"), None),
        ("a socket of this server", page("localhost:80", "http://localhost:80"), None),
        ("a socket of another site", page("localhost", "https://evil.example"), cross_site),
        ("a socket of another port", page("localhost:6333", "http://localhost:3000"), cross_site),
        ("a socket of the default port", page("localhost:6333", "http://localhost"), cross_site),
        ("a socket without an origin, by a program", ask("/socket").field("Upgrade", "websocket"), None),
        ("a rebound page", ask("/home").host("evil.example").field(SITE, "same-origin"), cross_site),
        ("a rebound form", post().host("evil.example:6333").field(SITE, "same-origin"), cross_site),
        ("a rebound socket", page("evil.example", "http://evil.example"), cross_site),
        ("the unspecified address", ask("/home").host("0.0.0.0:6333"), cross_site),
        ("a trailing dot", ask("/home").host("localhost."), cross_site),
        ("a subdomain", ask("/home").host("localhost.evil.example"), cross_site),
        ("an empty host", ask("/home").host(""), cross_site),
        ("no host", ask("/home").without_host(), cross_site),
        ("two hosts", ask("/home").field("Host", "localhost"), cross_site),
        ("another host first", ask("/home").host("evil.example").field("Host", "localhost"), cross_site),
        ("a port", ask("/home").host("localhost:6333"), None),
        ("upper case", ask("/home").host("LOCALHOST"), None),
        ("an IPv4 address", ask("/home").host("127.0.0.1:6333"), None),
        ("an IPv6 address", ask("/home").host("[::1]:6333"), None),
        ("another IPv6 address", ask("/home").host("[2001:db8::1]:6333"), cross_site),
        ("a configured host", ask("/home").host("box.example:6333"), None),
        ("an absolute target", ask("http://localhost/home"), None),
        ("an absolute target of another host", ask("http://evil.example/home"), cross_site),
        ("an absolute target beside another host", ask("http://localhost/home").host("evil.example"), cross_site),
        ("an absolute target with a user", ask("http://localhost@evil.example/home"), cross_site),
        ("X-Forwarded-For", ask("/home").field("X-Forwarded-For", "127.0.0.1"), blocked),
        ("Forwarded", ask("/home").field("Forwarded", "for=127.0.0.1"), blocked),
        ("Via", ask("/home").field("Via", "1.1 proxy"), blocked),
        ("X-Real-IP", ask("/home").field("x-real-ip", "127.0.0.1"), blocked),
        ("X-Forwarded-Host", ask("/home").field("X-Forwarded-Host", "localhost"), blocked),
        ("Cf-Ray", ask("/home").field("CF-Ray", "x"), blocked),
    ]
}

#[test]
fn requests_of_other_sites_hosts_and_proxies_are_refused() {
    // TOKEN-20, C5: also by public handlers, and whatever the rights are.
    let with = || open(Rights::everything()).hosts(["box.example"]).origins(["https://ui.example"]);
    let (local, beyond) = (serve(with()), serve(with().beyond_loopback()));
    for (case, request, problem) in attacks() {
        for (server, problem) in [(&local, problem), (&beyond, problem.filter(|problem| *problem != "access-blocked"))]
        {
            let answer = server.send(&request);
            match problem {
                // The server may refuse an invalid request itself.
                Some(_) if answer.status == 400 && answer.body.is_empty() => {}
                Some(problem) => denied(case, &answer, 403, problem, &[]),
                None => assert!(answer.status < 300, "{case}: {answer:?}"),
            }
        }
    }
    // The answer of a hidden handler and of an unknown path is the same.
    for path in ["/hidden", "/unknown"] {
        assert_eq!(told(&local.send(&ask(path).host("evil.example"))), "404 not-found", "{path}");
    }
}

#[actix_web::test]
async fn peers_beyond_this_machine_are_refused() {
    // TOKEN-20
    for (is_beyond, peer, expected) in [
        (false, Some("127.0.0.1:4000"), 200),
        (false, Some("127.9.9.9:4000"), 200),
        (false, Some("[::1]:4000"), 200),
        (false, Some("[::ffff:127.0.0.1]:4000"), 200),
        (false, Some("10.0.0.1:4000"), 403),
        (false, Some("[::ffff:10.0.0.1]:4000"), 403),
        (false, Some("0.0.0.0:4000"), 403),
        (false, Some("[fe80::1]:4000"), 403),
        (false, None, 403), // a Unix socket
        (true, Some("10.0.0.1:4000"), 200),
        (true, None, 200),
    ] {
        let auth = open(Rights::everything());
        let auth = if is_beyond { auth.beyond_loopback() } else { auth }.build().unwrap();
        let app = init_service(App::new().service(auth.scope("").service(get_home))).await;
        let request = TestRequest::get().uri("/home").insert_header(("host", "localhost"));
        let request = match peer {
            Some(peer) => request.peer_addr(peer.parse::<SocketAddr>().unwrap()),
            None => request,
        };
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status().as_u16(), expected, "{is_beyond} {peer:?}");
    }
}

#[test]
fn the_local_account_is_that_of_every_request() {
    // TOKEN-19, RIGHTS-5
    let account = Member { id: 7, roles: vec!["viewer"] };
    let auth = open(Rights::new()).accounts(Members).local_account(account).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_me).service(get_viewer).service(get_write);
        config.service(scope.service(get_account).service(get_maybe_account));
    });
    for (path, expected) in [
        ("/me", r#"account:member:7 Some("account:member:7")"#),
        ("/account", "account:member:7"),
        ("/maybe-account", "7"),
        ("/viewer", "viewer"),
        ("/write", "403 insufficient-permissions"),
    ] {
        assert_eq!(told(&server.send(&ask(path))), expected, "{path}");
    }
}

#[test]
fn an_account_that_open_mode_lacks_fails_at_start_up() {
    // TOKEN-19
    logs::capture();
    let starts = |auth: AuthBuilder| {
        let auth = auth.accounts(Members).build().unwrap();
        Server::try_start(1, move |config: &mut ServiceConfig| {
            config.service(auth.scope("").service(get_account));
        })
        .is_ok()
    };
    assert!(!starts(open(Rights::everything())));
    let message = "and open mode has no account: call `.local_account(…)`";
    let is_told = |line: &logs::Line| line.field("message").contains(message);
    assert!(logs::lines().iter().any(is_told));
    assert!(starts(open(Rights::everything()).local_account(Member { id: 1, roles: vec![] })));
    // Outside of scopes, requests are denied.
    let auth = open(Rights::everything()).accounts(Members).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.app_data(auth.clone()).service(get_account);
    });
    denied("outside of scopes", &server.send(&ask("/account")), 403, "insufficient-permissions", &[]);
}

#[test]
fn wrong_settings_of_open_mode_are_reported_at_start() {
    // TOKEN-19, TOKEN-20
    let everything = || Auth::builder().open("why", Rights::everything());
    let member = || Member { id: 1, roles: vec![] };
    let proxy =
        |auth: AuthBuilder| auth.trusted_proxies(["10.0.0.1"], auth_actix::client::ForwardingHeader::XForwardedFor);
    let error = |auth: AuthBuilder| auth.build().map_or_else(|error| error.to_string(), |_| String::new());
    #[rustfmt::skip]
    let table = [
        (everything(), ""),
        (everything().client_address(Peer), ""),
        (everything().open("again", Rights::new()), "`.open(…)` is called twice"),
        (everything().bearer(jwt()), "`.open(…)` reads no credentials: remove it, or `.bearer(…)`"),
        (everything().basic(Basic::new(Staff::default()).confers(Confers::everything())), "`.open(…)` reads no credentials: remove it, or `.basic(…)`"),
        (everything().session(auth_actix::session::Sessions::memory()), "`.open(…)` reads no credentials: remove it, or `.session(…)`"),
        (everything().tokens(auth_actix::tokens::Tokens::fixed("master", "correct-horse-battery", Rights::new())), "`.open(…)` reads no credentials: remove it, or `.tokens(…)`"),
        (Auth::builder().open(" ", Rights::everything()), "`.open(\" \", …)`: give the reason"),
        (Auth::builder().bearer(jwt()).beyond_loopback(), "`.beyond_loopback(…)` is a setting of open mode"),
        (Auth::builder().bearer(jwt()).accounts(Members).local_account(member()), "`.local_account(…)` is a setting of open mode"),
        (everything().local_account(member()), "`.local_account(…)`: the account must be of the type of `.accounts(…)`"),
        (everything().accounts(Members).local_account("member"), "`.local_account(…)`: the account must be of the type"),
        (everything().accounts(Members).local_account(Member { id: 0, roles: vec![] }), "`.local_account(…)`: the account must be of the type"),
        (everything().accounts(Members).local_account(member()), ""),
        (proxy(everything()), "`.open(…)` is for requests from this machine, and `.trusted_proxies(…)` configures a proxy"),
        (proxy(everything()).beyond_loopback(), ""),
    ];
    for (auth, expected) in table {
        let found = error(auth);
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{found}, not {expected}");
    }
}

#[test]
fn start_up_and_the_matrix_show_open_mode() {
    // TOKEN-19
    logs::capture();
    let line = "open mode (this is a test): every request from this machine is local:administrator, without authentication, with everything";
    let auth = open(Rights::everything()).build().unwrap();
    let is_told = |logged: &logs::Line| logged.field("message") == line;
    assert!(logs::lines().iter().any(|line| line.level == tracing::Level::WARN && is_told(line)));
    let text = auth.scope("").service(get_me).access_matrix().to_markdown();
    assert!(text.contains(&format!("- {line}")), "{text}");
    assert!(
        text.contains(r#"Open from issuer "local", for every request, without a credential, confers all roles, all permissions, all scopes"#),
        "{text}"
    );
    let beyond = open(Rights::new().roles(["viewer"])).beyond_loopback().build().unwrap();
    let text = beyond.scope("").service(get_me).access_matrix().to_markdown();
    let line = r#"every request is local:administrator, without authentication, with roles "viewer""#;
    assert!(text.contains(line), "{text}");
}

/// Records the causes and callers of events.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<String>>>);

impl Sink for Record {
    fn record(&self, event: &Event) {
        let told = format!("{:?} {:?} {:?} {:?}", event.kind, event.status, event.subject, event.scheme);
        self.0.lock().unwrap().push(told);
    }
}

#[test]
fn grants_and_refusals_of_open_mode_are_audited() {
    // TOKEN-19, L5
    let record = Record::default();
    let server = serve(open(Rights::everything()).audit(record.clone()));
    server.send(&ask("/me"));
    server.send(&ask("/me").host("evil.example"));
    server.send(&ask("/fresh"));
    let expected = [
        format!(r#"Granted None Some("{ADMINISTRATOR}") Some("Open")"#),
        r#"Denied Some(403) None Some("Open")"#.to_owned(),
        format!(r#"Denied Some(403) Some("{ADMINISTRATOR}") Some("Open")"#),
    ];
    assert_eq!(*record.0.lock().unwrap(), expected);
}
