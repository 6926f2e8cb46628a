//! Tests of rules on the country of a client, from a database or from a header of a trusted proxy.

use std::path::Path;

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::client::{Countries, Database, ForwardingHeader};
use auth_actix::{Auth, AuthBuilder, Peer, deny_country, public, require, require_auth, require_country};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Answer, get, request};
use serde_json::json;

use crate::{BEARER, Role, bearer_only, denied};

#[public]
#[require_country("DE", "GB")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[public]
#[deny_country("KP")]
#[get("/not-denied")]
async fn not_denied() -> &'static str {
    "not denied"
}

#[require_auth]
#[deny_country("KP")]
#[get("/known")]
async fn known() -> &'static str {
    "known"
}

#[require(role("admin") || country("DE"))]
#[post("/either")]
async fn either() -> &'static str {
    "either"
}

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/geoip/");

fn database(name: &str) -> Countries {
    Countries::database(Database::open(Path::new(FILES).join(name)).unwrap())
}

fn serving(auth: AuthBuilder) -> Server {
    let auth = auth.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(inside).service(not_denied).service(known).service(either));
    })
}

fn behind(countries: Countries) -> Server {
    serving(
        bearer_only()
            .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor)
            .hosts(["localhost"])
            .countries(countries),
    )
}

fn from(server: &Server, path: &str, address: &str) -> Answer {
    server.send(&get(path).field("X-Forwarded-For", address))
}

#[test]
fn country_rule_denies_unknown_countries() {
    // IP-1, IP-7, IP-9, IP-10, T27, T30
    let (real, odd) = (behind(database("GeoIP2-Country-Test.mmdb")), behind(database("odd.mmdb")));
    #[rustfmt::skip]
    let table = [
        // (database, address, status inside, status not denied)
        (&real, "81.2.69.142",          200, 200), // GB
        (&real, "::ffff:81.2.69.142",   200, 200),
        (&real, "216.160.83.56",        403, 200), // US
        (&real, "8.8.8.8",              403, 403), // no entry
        (&odd,  "192.0.2.1",            200, 200), // DE
        (&odd,  "198.51.100.7",         403, 403), // KP
        (&odd,  "::ffff:198.51.100.7",  403, 403),
        (&odd,  "203.0.113.1",          403, 403), // registered country only
        (&odd,  "203.0.113.200",        403, 403), // a record without a country
        (&odd,  "unknown",              403, 403),
        (&odd,  "8.8.8.8, unknown",     403, 403),
        (&odd,  "192.0.2.1, 198.51.100.7", 403, 403), // an entry written by the client
    ];
    for (server, address, is_inside, is_not_denied) in table {
        for (path, status) in [("/inside", is_inside), ("/not-denied", is_not_denied)] {
            let answer = from(server, path, address);
            assert_eq!(answer.status, status, "{path} from {address}");
            match status {
                200 => assert_eq!(answer.field("cache-control"), Some("private"), "HTTP-12"),
                _ => denied(address, &answer, 403, "access-blocked", &[]),
            }
        }
    }
    // A token does not change the result, and is not requested if it cannot help.
    let token = bearer(json!({ "roles": ["admin"] }));
    let by = |address: &str| odd.send(&get("/known").field("X-Forwarded-For", address).authorization(&token)).status;
    assert_eq!([by("192.0.2.1"), by("198.51.100.7"), by("8.8.8.8")], [200, 403, 403]);
    denied("stranger", &from(&odd, "/known", "192.0.2.1"), 401, "missing-credentials", &[BEARER]);
    denied("no address", &odd.send(&get("/not-denied")), 403, "access-blocked", &[]);
}

#[test]
fn country_rule_does_not_grant_cross_site_requests() {
    // C5
    let server = behind(database("odd.mmdb"));
    let post = |site: &str| {
        server.send(
            &request("POST", "/either").field("X-Forwarded-For", "192.0.2.1").field("Sec-Fetch-Site", site).body(""),
        )
    };
    assert_eq!(post("same-origin").status, 200);
    assert_eq!(post("cross-site").status, 401);
    let elsewhere = request("POST", "/either").field("X-Forwarded-For", "192.0.2.1").host("evil.example").body("");
    assert_eq!(server.send(&elsewhere).status, 401, "asked for under another name");
}

#[test]
fn country_header_is_accepted_only_from_trusted_proxy() {
    // IP-1, IP-10
    let by = |server: &Server, lines: &[(&str, &str)]| {
        server.send(&get("/inside").field("X-Forwarded-For", "192.0.2.1").fields(lines)).status
    };
    let server = behind(Countries::header("CF-IPCountry"));
    for (lines, status) in [
        (&[("CF-IPCountry", "DE")][..], 200),
        (&[("CF-IPCountry", "FR")], 403),
        (&[("CF-IPCountry", "XX")], 403),
        (&[("CF-IPCountry", "de")], 403),
        (&[("CF-IPCountry", "DE"), ("CF-IPCountry", "DE")], 403),
        (&[("CF_IPCountry", "DE")], 403),
        (&[], 403),
    ] {
        assert_eq!(by(&server, lines), status, "{lines:?}");
    }
    let trusting_others =
        bearer_only().trusted_proxies(["10.9.9.9"], ForwardingHeader::XForwardedFor).hosts(["localhost"]);
    let server = serving(trusting_others.countries(Countries::header("CF-IPCountry")));
    assert_eq!(by(&server, &[("CF-IPCountry", "DE")]), 403, "from a peer that is not a proxy");
}

#[test]
fn missing_country_settings_are_reported_at_startup() {
    // IP-10
    let error = |auth: AuthBuilder| auth.build().map(drop).unwrap_err().to_string();
    let header = "`.countries(…)`: the header \"CF-IPCountry\" is accepted only from a trusted proxy: call `.trusted_proxies(…)`, and use a valid header name";
    assert_eq!(
        error(bearer_only().countries(Countries::header("CF-IPCountry")).client_address(Peer)).to_lowercase(),
        header.to_lowercase()
    );
    assert!(Database::open(Path::new(FILES).join("MaxMind-DB-test-broken-pointers-24.mmdb")).is_err());
    let start = |auth: Auth| {
        let scope = auth.scope("").service(not_denied);
        scope.check().unwrap_err().iter().map(ToString::to_string).collect::<String>()
    };
    let told = start(bearer_only().client_address(Peer).hosts(["localhost"]).build().unwrap());
    assert!(
        told.ends_with("the rule names a country, and no source of countries is configured: call `.countries(…)`"),
        "{told}"
    );
    assert!(start(bearer_only().build().unwrap()).contains("call `.client_address(Peer)` or `.trusted_proxies(…)`"));
    let _ = Role::Viewer;
}
