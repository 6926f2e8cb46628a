//! Tests that unsatisfiable and contradictory configurations do not start.

use std::sync::LazyLock;

use actix_service::IntoServiceFactory as _;
use actix_web::dev::{AppConfig, ServiceFactory as _};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpResponse, get, web};
use auth_actix::client::ForwardingHeader;
use auth_actix::identity::Rights;
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::session::Sessions;
use auth_actix::throttle::Throttle;
use auth_actix::tokens::{ApiKeyFile, Tokens};
use auth_actix::{
    Auth, AuthBuilder, Confers, Peer, deny_network, guarded, public, require, require_auth, require_claim,
    require_network, require_role, require_scope, rule,
};
use auth_tests::logs;
use auth_tests::server::Server;

use crate::api_key::ApiKey;
use crate::users::Staff;
use crate::{Role, TokenScope, bearer_only, jwt};

#[require_network("10.0.0.0/8")]
#[require_auth]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[public]
#[deny_network("10.0.0.0/8")]
#[get("/outside")]
async fn outside() -> &'static str {
    "outside"
}

#[require_scope("read:reports")]
#[get("/scope")]
async fn scope() -> &'static str {
    "scope"
}

#[require(scope("read:reports") || role("admin"))]
#[get("/scope-or-role")]
async fn scope_or_role() -> &'static str {
    "scope or role"
}

#[require_claim("org", "acme")]
async fn claim() -> &'static str {
    "claim"
}

#[require_auth(scheme = "basic")]
async fn by_password() -> &'static str {
    "by password"
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[public]
#[get("/health")]
async fn health() -> &'static str {
    "up"
}

mod shop {
    #[derive(auth_actix::Role)]
    pub(super) enum Role {
        Customer,
        Admin,
    }

    #[auth_actix::require_role(any("admin", "customer"))]
    #[actix_web::get("/shop")]
    pub(super) async fn shop() -> &'static str {
        "shop"
    }

    pub(super) use Role as ShopRole;
}

/// Shared by all workers, as in-memory sessions must be.
static ONE_COOKIE: LazyLock<Auth> =
    LazyLock::new(|| Auth::builder().realm("one cookie").session(Sessions::memory()).build().unwrap());
static TWO_COOKIES: LazyLock<Auth> = LazyLock::new(|| {
    Auth::builder().realm("two cookies").session(Sessions::memory().cookie_name("inner")).build().unwrap()
});

type Configure = fn(&Auth, &mut ServiceConfig);

/// Starts the application on a socket, and with a service factory as `init_service` does. Both must give the same result.
fn starts(auth: AuthBuilder, configure: Configure) -> bool {
    let auth = auth.build().unwrap();
    let by_hand = {
        let auth = auth.clone();
        actix_web::rt::System::new().block_on(async move {
            let app = App::new().configure(|config| configure(&auth, config)).into_factory();
            app.new_service(AppConfig::default()).await.is_ok()
        })
    };
    let server = Server::try_start(1, move |config: &mut ServiceConfig| configure(&auth, config));
    assert_eq!(server.is_ok(), by_hand);
    by_hand
}

#[test]
fn unsatisfiable_rule_fails_at_start_up_with_a_remedy() {
    logs::capture();
    let passwords = || Auth::builder().realm("reports").basic(Staff::default()).roles::<Role>();
    let addressed = || bearer_only().client_address(Peer).hosts(["localhost"]);
    let behind = |proxies: &[&str]| {
        bearer_only().hosts(["localhost"]).trusted_proxies(proxies.iter().copied(), ForwardingHeader::XForwardedFor)
    };
    let conferring = |confers| bearer_only_of(confers);
    #[rustfmt::skip]
    let table: Vec<(&str, AuthBuilder, Configure, Option<&str>)> = vec![
        // C1
        ("no address", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").service(inside)); }, Some(".client_address(Peer)")),
        ("no address, to deny", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").service(outside)); }, Some(".client_address(Peer)")),
        ("no address, by configure", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").configure(|config| { config.service(inside); })); }, Some(".client_address(Peer)")),
        ("no address, by the scope's rule", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").require(rule!(public && network("10.0.0.0/8"))).service(health)); }, Some(".client_address(Peer)")),
        ("no address, by the rule of the scope around", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").require(rule!(public && network("10.0.0.0/8"))).service(auth.scope("/b").service(health))); }, Some(".client_address(Peer)")),
        ("no address, in a guarded service", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").service(guarded(rule!(public && network("10.0.0.0/8")), web::resource("/r").to(HttpResponse::Ok)))); }, Some(".client_address(Peer)")),
        ("no address, in a default service", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").default_service(guarded(rule!(public && network("10.0.0.0/8")), web::to(HttpResponse::Ok)))); }, Some(".client_address(Peer)")),
        ("no address, in an inner scope", bearer_only().hosts(["localhost"]), |auth, config| { config.service(auth.scope("/a").service(health).service(auth.scope("/b").service(inside))); }, Some(".client_address(Peer)")),
        ("metadata without a name", bearer_only(), |auth, config| { config.service(auth.scope("").service(auth.metadata())); }, Some(".resource(")),
        ("metadata", Auth::builder().bearer(jwt().audience("https://api.example")).resource("https://api.example"), |auth, config| { config.service(auth.scope("").service(auth.metadata())); }, None),
        // C5
        ("no hosts", bearer_only().client_address(Peer), |auth, config| { config.service(auth.scope("/a").service(inside)); }, Some(".hosts([")),
        ("both", addressed(), |auth, config| { config.service(auth.scope("/a").service(inside).service(outside)); }, None),
        // H12
        ("a range of proxies inside", behind(&["10.1.0.0/16"]), |auth, config| { config.service(auth.scope("/a").service(inside)); }, Some("10.1.0.0/16")),
        ("a range of proxies around", behind(&["192.0.2.1", "0.0.0.0/0"]), |auth, config| { config.service(auth.scope("/a").service(inside)); }, Some("0.0.0.0/0")),
        ("a range of proxies inside what is denied", behind(&["10.1.0.0/16"]), |auth, config| { config.service(auth.scope("/a").service(outside)); }, Some("10.1.0.0/16")),
        ("a proxy inside", behind(&["10.1.0.1"]), |auth, config| { config.service(auth.scope("/a").service(inside)); }, None),
        ("a range of proxies elsewhere", behind(&["192.0.2.0/24"]), |auth, config| { config.service(auth.scope("/a").service(inside)); }, None),
        // STEP-5, and facts that none of the accepted credentials can provide.
        ("a scope, by Basic alone", passwords(), |auth, config| { config.service(auth.scope("/a").service(scope)); }, Some("read:reports")),
        ("a scope as the scope's rule, by Basic alone", passwords(), |auth, config| { config.service(auth.scope("/a").require(rule!(scope("read:reports"))).service(health)); }, Some("public")),
        ("a claim, by Basic alone", passwords(), |auth, config| { config.service(auth.scope("/a").route("/c", auth_actix::web::get().to(claim))); }, Some("acme")),
        ("a scope or a role, by Basic alone", passwords(), |auth, config| { config.service(auth.scope("/a").service(scope_or_role)); }, None),
        ("a password, by Bearer alone", bearer_only(), |auth, config| { config.service(auth.scope("/a").service(auth_actix::web::resource("/b").to(by_password))); }, Some("scheme")),
        ("a role that is not conferred", conferring(Confers::nothing().roles(["viewer"])), |auth, config| { config.service(auth.scope("/a").service(admin)); }, Some("admin")),
        ("a role that is conferred", conferring(Confers::nothing().roles(["admin"])), |auth, config| { config.service(auth.scope("/a").service(admin)); }, None),
        ("a scope that contradicts the handler", bearer_only(), |auth, config| { config.service(auth.scope("/a").require(rule!(!role("admin"))).service(admin)); }, Some("!role(\"admin\") && role(\"admin\")")),
        ("a contradiction by implied roles", bearer_only(), |auth, config| { config.service(auth.scope("/a").require(rule!(!role("editor"))).service(auth.scope("/b").service(admin))); }, Some("contradicts")),
        ("two levels at once", bearer_only(), |auth, config| { config.service(auth.scope("/a").require(rule!(acr("gold"))).service(auth_actix::guarded(rule!(acr("silver")), web::resource("/r").to(HttpResponse::Ok)))); }, Some("contradicts")),
        ("two levels, one of which will do", bearer_only(), |auth, config| { config.service(auth.scope("/a").require(rule!(acr("gold") || acr("silver"))).service(auth_actix::guarded(rule!(acr("silver")), web::resource("/r").to(HttpResponse::Ok)))); }, None),
        // H7
        ("one name in two types", bearer_only(), |auth, config| { config.service(auth.scope("/a").service(admin).service(shop::shop)); }, Some("same_names")),
        ("one name in two types, in two scopes", bearer_only(), |auth, config| { config.service(auth.scope("/a").service(admin)).service(auth.scope("/b").service(shop::shop)); }, Some("same_names")),
        ("same_names", bearer_only().same_names::<Role, shop::ShopRole>(), |auth, config| { config.service(auth.scope("/a").service(admin).service(shop::shop)); }, None),
        // H5
        ("a hidden handler beside a default service", bearer_only(), |auth, config| { config.service(auth.scope("/a").service(hidden).default_service(guarded(rule!(authenticated), web::to(HttpResponse::Ok)))); }, Some("not_found")),
        ("a hidden handler in an inner scope beside a default service", bearer_only(), |auth, config| { config.service(auth.scope("/a").service(auth.scope("/b").service(hidden)).default_service(guarded(rule!(authenticated), web::to(HttpResponse::Ok)))); }, None),
        // C2
        ("two stores of sessions under one cookie", bearer_and_session(), |auth, config| { config.service(auth.scope("/a").service(ONE_COOKIE.scope("/b").service(health))); }, Some(".cookie_name(")),
        ("two stores of sessions under two cookies", bearer_and_session(), |auth, config| { config.service(auth.scope("/a").service(TWO_COOKIES.scope("/b").service(health))); }, None),
        ("two rules of one scope", bearer_only(), |auth, config| { config.service(auth.scope("/a").require(rule!(authenticated)).require(rule!(role("admin"))).service(health)); }, Some("second rule")),
    ];
    for (case, auth, configure, said) in table {
        let before = errors().len();
        assert_eq!(starts(auth, configure), said.is_none(), "{case}");
        let errors = errors().split_off(before);
        assert_eq!(errors.is_empty(), said.is_none(), "{case}: {errors:?}");
        for (text, expected) in errors.iter().zip(said.iter().cycle()) {
            assert!(text.contains(expected), "{case}: {text}");
            // The handler of the rule, and its location.
            let of_handler = !text.starts_with("scope \"") && !text.starts_with("a scope ") && !text.starts_with('`');
            assert!(!of_handler || text.contains("start_up.rs:"), "{case}: {text}");
        }
    }
    // All missing settings of a rule are reported together.
    let before = errors().len();
    let inside_alone: Configure = |auth, config| {
        config.service(auth.scope("/a").service(inside));
    };
    assert!(!starts(bearer_only(), inside_alone));
    let told = errors().split_off(before);
    let [address, hosts, ..] = told.as_slice() else { panic!("{told:?}") };
    assert!(address.contains(".client_address(Peer)") && hosts.contains(".hosts(["), "{told:?}");
}

#[test]
fn undeclared_names_in_data_are_logged_at_start_up() {
    logs::capture();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let hash = auth_actix::password::hash_password(&"pw".into()).unwrap();
    let users = auth_actix::password::UsersFile::parse(&format!(
        "alice:{hash}:admin,editr-of-a-file\nbob:{hash}:editr-of-a-file"
    ));
    let lines = [1, 2].map(|key| ApiKey::new(key).line("backup viewr-of-a-key read:report -"));
    std::fs::write(&path, lines.concat()).unwrap();
    let confers =
        || Confers::nothing().roles(["admn-of-confers", "editor"]).scopes(["read:reports"]).permissions(["not:asked"]);
    let auth = Auth::builder()
        .realm("names")
        .basic(Basic::new(users.unwrap()).confers(confers()))
        .tokens(
            Tokens::api_key_file(ApiKeyFile::open(&path).unwrap())
                .confers(Rights::new().roles(["admn-of-confers", "editor"]).scopes(["read:reports"])),
        )
        .roles::<Role>();
    let configure: Configure = |auth, config| {
        config.service(auth.scope("/a").service(health).service(scope_or_role));
    };
    assert!(starts(auth, configure));
    let lines = logs::lines().into_iter().filter(|line| line.level == tracing::Level::WARN);
    let told: Vec<_> = lines
        .map(|line| line.field("message").to_owned())
        .filter(|text| text.contains("which no type declares"))
        .collect();
    let expected = [
        "`.confers(…)` names the role \"admn-of-confers\", which no type declares",
        "`.confers(…)` names the role \"admn-of-confers\", which no type declares",
        "a user has the role \"editr-of-a-file\", which no type declares",
        "an API key has the role \"viewr-of-a-key\", which no type declares",
        "an API key has the scope \"read:report\", which no type declares; did you mean \"read:reports\"?",
    ];
    assert_eq!(told, expected, "each once");
}

#[test]
fn in_memory_sessions_per_worker_are_logged_as_an_error() {
    logs::capture();
    let with = |realm: &str| Auth::builder().realm(realm).session(Sessions::memory()).build().unwrap();
    let told = |auths: &[Auth], realm: &str| {
        for auth in auths {
            actix_web::rt::System::new().block_on(async {
                let app = App::new().service(auth.scope("").service(health)).into_factory();
                assert!(app.new_service(AppConfig::default()).await.is_ok());
            });
        }
        let lines = logs::lines().into_iter().filter(|line| line.level == tracing::Level::ERROR);
        lines
            .filter(|line| line.field("realm") == realm && line.field("message").contains("clone it into each worker"))
            .count()
    };
    let one = with("one for all");
    assert_eq!(told(&[one.clone(), one], "one for all"), 0);
    assert_eq!(told(&[with("one for each"), with("two for each")], "one for each"), 0);
    let before = [with("one for each"), with("one for each"), with("one for each")];
    assert_eq!(told(&before, "one for each"), 2);
    drop(before);
    assert_eq!(told(&[with("one for each")], "one for each"), 2, "the others are gone");
}

fn bearer_and_session() -> AuthBuilder {
    let all = Confers::everything;
    Auth::builder().realm("reports").bearer(jwt().confers(all())).session(Sessions::memory().confers(all()))
}

fn bearer_only_of(confers: Confers) -> AuthBuilder {
    Auth::builder().realm("reports").bearer(jwt().confers(confers)).roles::<Role>()
}

/// Returns the set-up errors of this file's tests. Other tests log errors of other handlers and of strict scopes, and errors about
/// sessions under the same realm.
fn errors() -> Vec<String> {
    let is_here = |text: &String| {
        (!text.contains(".rs:") || text.contains("start_up.rs:"))
            && !text.contains("is strict")
            && !text.contains("of one realm")
    };
    let lines =
        logs::lines().into_iter().filter(|line| line.target == "auth_actix" && line.level == tracing::Level::ERROR);
    let lines = lines.filter(|line| line.field("handler").is_empty()).map(|line| line.field("message").to_owned());
    lines.filter(is_here).collect()
}

#[test]
fn invalid_builder_settings_are_rejected_with_their_name() {
    // C3, HTTP-8, Q15
    let confers = Confers::everything;
    let second = || auth_actix::Jwt::hs256([9; 32]).issuer("https://partner.example").audience("reports");
    #[rustfmt::skip]
    let table: Vec<(&str, AuthBuilder, &str)> = vec![
        ("no scheme", Auth::builder(), ".bearer(…)"),
        ("sessions in Redis, without a realm", Auth::builder().session(Sessions::redis("redis://127.0.0.1:1").unwrap()), ".realm(…)"), // C2
        ("a throttle in Redis, without a realm", Auth::builder().basic(PasswordAuthenticator::new(Staff::default()).throttle(Throttle::redis("redis://127.0.0.1:1").unwrap())), ".realm(…)"), // M7
        ("a line break in the realm", bearer_only().realm("x\r\nSet-Cookie: y"), "realm"),
        ("a realm beyond ASCII", bearer_only().realm("caf\u{e9}"), "realm"),
        ("no issuer", Auth::builder().bearer(auth_actix::Jwt::hs256([7; 32]).audience("a")), ".issuer(…)"),
        ("no audience", Auth::builder().bearer(auth_actix::Jwt::hs256([7; 32]).issuer("a")), ".audience(…)"),
        ("two sources, one without `.confers(…)`", bearer_only().bearer(second().confers(confers())), ".confers(…)"),
        ("the other one does not", bearer_only_of(confers()).bearer(second()), ".confers(…)"),
        ("Basic does not", bearer_only_of(confers()).basic(Staff::default()), ".confers(…)"),
        ("the token beside Basic does not", bearer_only().basic(Basic::new(Staff::default()).confers(confers())), ".confers(…)"),
        ("one issuer twice", bearer_only_of(confers()).bearer(jwt().confers(confers())), "issuer"), // C2
        ("one secret twice", bearer_only_of(confers()).bearer(auth_actix::Jwt::hs256([7; 32]).issuer("b").audience("a").confers(confers())), "secret"), // L2
        ("no proxy", bearer_only().trusted_proxies([""; 0], ForwardingHeader::Forwarded), ".client_address(Peer)"),
        ("an invalid proxy", bearer_only().trusted_proxies(["proxy.example"], ForwardingHeader::Forwarded), "proxy.example"),
        ("a proxy with host bits", bearer_only().trusted_proxies(["10.0.0.1/8"], ForwardingHeader::Forwarded), "10.0.0.1/8"), // IP-8
        ("an origin with a path", bearer_only().origins(["https://app.example/"]), ".origins(…)"),
        ("an origin for all", bearer_only().origins(["*"]), ".origins(…)"),
        ("a login page elsewhere", bearer_only().login_page("//evil.example"), ".login_page("), // PROB-5
        ("a login page with a scheme", bearer_only().login_page("https://evil.example"), ".login_page("),
        ("a login page behind a backslash", bearer_only().login_page("/\\evil.example"), ".login_page("),
        ("a login page with a line break", bearer_only().login_page("/login\r\nX: y"), ".login_page("),
        ("a relative problem type", bearer_only().problem_base("problems/"), ".problem_base("), // PROB-2
        ("a problem type that breaks JSON", bearer_only().problem_base("https://a/\"x/"), ".problem_base("),
    ];
    for (case, builder, expected) in table {
        let error = builder.build().map(drop).err().unwrap_or_else(|| panic!("{case}: it builds"));
        let error = std::io::Error::from(error).to_string(); // as `main` of an actix application returns it
        assert!(error.contains(expected), "{case}: {error}");
    }
}

#[actix_web::test]
async fn development_keys_serve_only_loopback_peers() {
    let auth = Auth::builder().bearer(auth_actix::Jwt::dev()).build().unwrap();
    let app = init_service(App::new().service(auth.scope("").service(admin).service(health))).await;
    for (peer, status) in [
        ("127.0.0.1:1", 401),
        ("[::1]:1", 401),
        ("[::ffff:127.0.0.1]:1", 401),
        ("10.1.2.3:1", 500),
        ("[::ffff:10.1.2.3]:1", 500),
    ] {
        let request = TestRequest::with_uri("/admin").peer_addr(peer.parse().unwrap());
        // IP-1: a client that claims a local address is not local.
        let request = if status == 500 { request.insert_header(("X-Forwarded-For", "127.0.0.1")) } else { request };
        assert_eq!(call_service(&app, request.to_request()).await.status().as_u16(), status, "{peer}");
    }
}
