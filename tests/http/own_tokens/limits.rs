//! Tests of the limits of tokens: rights, expiry, revocation, tenants and networks.

use super::*;

use actix_web::get;
use auth_actix::{Peer, Tenant, public, require, require_auth, require_role};

#[require_role("admin", in = org)]
#[get("/orgs/{org}")]
async fn get_org() -> &'static str {
    "org"
}

#[require_auth(in = team)]
#[get("/team")]
async fn get_team(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require(role("admin") || role("admin", in = org))]
#[get("/orgs/{org}/either")]
async fn get_either() -> &'static str {
    "either"
}

#[public]
#[get("/open")]
async fn get_open(caller: Option<Principal>) -> String {
    caller.map_or("anonymous".to_owned(), |caller| caller.local_subject().into_owned())
}

fn serve_limited(store: &Counted) -> Server {
    let tokens = personal(store).accept_unchecked();
    let builder = Auth::builder().tokens(tokens).client_address(Peer);
    let auth = builder.tenant("team", at::header("X-Team").or_credential()).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope =
            auth.scope("").service(get_me).service(get_admin).service(get_reports).service(get_org).service(get_team);
        config.service(scope.service(get_either).service(get_open));
    })
}

fn tenants(of: &[(&'static str, &str)]) -> Option<Vec<auth_actix::identity::Tenant>> {
    Some(of.iter().map(|(name, value)| Tenant::of(name, value)).collect())
}

const LACKS: &str = "403 insufficient-permissions";
const SCOPE: &str = "403 insufficient-scope";
const TENANT: &str = "400 tenant-required";

#[test]
fn token_has_the_rights_of_its_ceiling_within_its_limits() {
    // TOKEN-7, TOKEN-12, TOKEN-13, TENANT-11, TENANT-12, RIGHTS-9, RIGHTS-10, RIGHTS-14
    let store = Counted::new();
    let add = |name: &str, change: &dyn Fn(&mut TokenRecord)| {
        store.add(&format!("pat_{}", name.replace(' ', "-")), |record| change(record));
    };
    let hour = Duration::from_secs(3600);
    add("plain", &|_| {});
    add("silent", &|record| record.ceiling = None);
    add("empty", &|record| record.ceiling = Some(Rights::new()));
    add("everything", &|record| record.ceiling = Some(Rights::everything()));
    add("expired", &|record| record.expires = Some(SystemTime::now() - hour));
    add("lives", &|record| record.expires = Some(SystemTime::now() + hour));
    add("revoked", &|record| record.revoked = true);
    add("acme", &|record| record.tenants = tenants(&[("org", "acme")]));
    add("both", &|record| record.tenants = tenants(&[("org", "acme"), ("org", "umbrella")]));
    add("red", &|record| record.tenants = tenants(&[("team", "red")]));
    add("nowhere", &|record| record.tenants = tenants(&[]));
    add("all of acme", &|record| {
        record.tenants = tenants(&[("org", "acme")]);
        record.ceiling = Some(Rights::everything());
    });
    add("inside", &|record| record.networks = Some(vec!["127.0.0.0/8".parse().unwrap()]));
    add("outside", &|record| record.networks = Some(vec!["10.0.0.0/8".parse().unwrap()]));
    add("no network", &|record| record.networks = Some(Vec::new()));
    add("of an account", &|record| record.owner = Owner::Account(auth_actix::identity::AccountId::new("member", 7)));
    let server = serve_limited(&store);
    let paths = ["/me", "/admin", "/reports", "/orgs/acme", "/orgs/umbrella", "/team", "/orgs/acme/either", "/open"];
    let (id, all) = (CLIENT, "admin");
    let (gone, ended) = ("401 revoked-credentials", "401 expired-credentials");
    let away = "503 authentication-unavailable";
    #[rustfmt::skip]
    let table = [
        // (token,          /me,   /admin, /reports,  /acme, /umbrella, /team,          /acme/either, /open)
        ("plain",           [id,   all,    "reports", LACKS, LACKS,     TENANT,          "either", "backup"]),
        ("silent",          [id,   LACKS,  SCOPE,     LACKS, LACKS,     TENANT,          LACKS,    "backup"]),
        ("empty",           [id,   LACKS,  SCOPE,     LACKS, LACKS,     TENANT,          LACKS,    "backup"]),
        // The source confers no more than this role and all scopes.
        ("everything",      [id,   all,    "reports", "org", "org",     TENANT,          "either", "backup"]),
        ("expired",         [ended, ended, ended,     ended, ended,     ended,           ended,    ended]),
        ("lives",           [id,   all,    "reports", LACKS, LACKS,     TENANT,          "either", "backup"]),
        ("revoked",         [gone, gone,   gone,      gone,  gone,      gone,            gone,     gone]),
        // A token of a tenant counts only in requests for the tenant.
        ("acme",            [LACKS, LACKS, LACKS,     "org", LACKS,     LACKS,           "either", "anonymous"]),
        ("both",            [LACKS, LACKS, LACKS,     "org", "org",     LACKS,           "either", "anonymous"]),
        ("red",             [LACKS, LACKS, LACKS,     LACKS, LACKS,     "team=\"red\"",  LACKS,    "anonymous"]),
        ("nowhere",         [LACKS, LACKS, LACKS,     LACKS, LACKS,     LACKS,           LACKS,    "anonymous"]),
        ("all of acme",     [LACKS, LACKS, LACKS,     "org", LACKS,     LACKS,           "either", "anonymous"]),
        ("inside",          [id,   all,    "reports", LACKS, LACKS,     TENANT,          "either", "backup"]),
        ("outside",         [LACKS, LACKS, LACKS,     LACKS, LACKS,     LACKS,           LACKS,    "anonymous"]),
        ("no network",      [LACKS, LACKS, LACKS,     LACKS, LACKS,     LACKS,           LACKS,    "anonymous"]),
        ("of an account",   [away; 8]),
    ];
    for (token, expected) in table {
        for (path, expected) in paths.into_iter().zip(expected) {
            // Names of these tokens contain spaces, which tokens cannot.
            let answer = server.send(&ask(path).authorization(format!("Bearer pat_{}", token.replace(' ', "-"))));
            assert_eq!(found(&answer), expected, "{token} {path}");
        }
    }
}

#[test]
fn tenant_of_the_header_is_compared_with_that_of_the_token() {
    // TENANT-11, TENANT-13
    let store = Counted::new();
    store.add("pat_red", |record| record.tenants = tenants(&[("team", "red")]));
    store.add("pat_two", |record| record.tenants = tenants(&[("team", "red"), ("team", "blue")]));
    let server = serve_limited(&store);
    #[rustfmt::skip]
    let table = [
        ("red", None,         "team=\"red\""),
        ("red", Some("red"),  "team=\"red\""),
        ("red", Some("blue"), LACKS),
        ("red", Some(""),     TENANT),
        ("two", None,         TENANT),
        ("two", Some("blue"), "team=\"blue\""),
        ("two", Some("gray"), LACKS),
    ];
    for (token, value, expected) in table {
        let request = ask("/team").authorization(format!("Bearer pat_{token}"));
        let request = value.into_iter().fold(request, |request, value| request.field("X-Team", value));
        assert_eq!(found(&server.send(&request)), expected, "{token} {value:?}");
    }
}

#[test]
fn revocation_counts_from_the_next_request() {
    // TOKEN-14, H8
    let store = Counted::new();
    let id = store.add("pat_old", |_| {});
    let server = serve_limited(&store);
    let send = || server.send(&ask("/me").authorization("Bearer pat_old")).status;
    assert_eq!(send(), 200);
    assert!(futures_lite(store.tokens.revoke(&id)).unwrap());
    assert_eq!(send(), 401);
}
