//! Tests of `Jwt::access_by_tenant`: a claim that grants rights for each tenant.

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::identity::{Rights, RightsIn, Tenant};
use auth_actix::{Auth, Confers, Jwt, at, require, require_auth, require_role, require_scope};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, bearer};
use auth_tests::wire::get as ask;
use serde_json::{Value, json};

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Read))]
    Write,
    Read,
    Blocked,
}

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    Export,
}

#[require(role("read") || role("read", in = collection))]
#[get("/collections/{name}")]
async fn get_collection() -> &'static str {
    "read"
}

#[require(role("write") || role("write", in = collection))]
#[get("/collections/{name}/points")]
async fn get_points() -> &'static str {
    "write"
}

#[require_auth(in = collection)]
#[get("/collections/{name}/members")]
async fn get_members() -> &'static str {
    "member"
}

#[require(role("read", in = collection) && !role("blocked", in = collection))]
#[get("/collections/{name}/comments")]
async fn get_comments() -> &'static str {
    "comment"
}

#[require_role("write")]
#[get("/collections")]
async fn get_all() -> &'static str {
    "all"
}

#[require_scope("export")]
#[get("/export")]
async fn get_export() -> &'static str {
    "export"
}

/// Reads `"r"`, `"w"`, or a list of `{"collection": …, "access": …}`.
fn read(access: &Value) -> Option<Vec<(RightsIn, Rights)>> {
    let rights = |letter: &Value| match letter.as_str()? {
        "r" => Some(Rights::new().roles(["read"])),
        "w" => Some(Rights::new().roles(["write"]).scopes(["export"])),
        "b" => Some(Rights::new().roles(["read", "blocked"])),
        "typo" => Some(Rights::new().roles(["read", "blokced"])),
        "panic" => panic!("a bug of the application"),
        _ => None,
    };
    let Value::Array(entries) = access else { return Some(vec![(RightsIn::Everywhere, rights(access)?)]) };
    let entry = |entry: &Value| {
        let entry = entry.as_object().filter(|entry| entry.len() == 2)?;
        let collection = Tenant::of("collection", entry.get("collection")?.as_str()?);
        Some((RightsIn::Tenant(collection), rights(entry.get("access")?)?))
    };
    entries.iter().map(entry).collect()
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE).access_by_tenant("/access", read)
}

fn serve(jwt: Jwt) -> Server {
    let auth = Auth::builder().bearer(jwt).tenant("collection", at::path("name")).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_collection).service(get_points).service(get_members);
        config.service(scope.service(get_comments).service(get_all).service(get_export));
    })
}

const PATHS: [&str; 6] = [
    "/collections/books",
    "/collections/books/points",
    "/collections/books/members",
    "/collections/books/comments",
    "/collections",
    "/export",
];

/// Returns the status of each of `PATHS` for a token with these members.
fn statuses(server: &Server, members: &Value) -> [u16; 6] {
    PATHS.map(|path| server.send(&ask(path).authorization(bearer(members.clone()))).status)
}

#[test]
fn claim_grants_rights_in_its_tenants_only() {
    // RIGHTS-9, RIGHTS-13, TENANT-13
    let server = serve(jwt());
    let of = |collection: &str, access: &str| json!({ "access": [{ "collection": collection, "access": access }] });
    let two = json!({ "access": [{ "collection": "books", "access": "r" }, { "collection": "music", "access": "w" }] });
    let both =
        json!({ "access": [{ "collection": "books", "access": "r" }, { "collection": "books", "access": "w" }] });
    #[rustfmt::skip]
    let table = [
        // (members,                      read  write member comment all  export)
        (json!({}),                       [403, 403, 403, 403, 403, 403]),
        (json!({ "access": "r" }),        [200, 403, 200, 200, 403, 403]),
        (json!({ "access": "w" }),        [200, 200, 200, 200, 200, 200]),
        (of("books", "r"),                [200, 403, 200, 200, 403, 403]),
        (of("books", "w"),                [200, 200, 200, 200, 403, 403]),
        (of("music", "w"),                [403, 403, 403, 403, 403, 403]),
        (of("Books", "w"),                [403, 403, 403, 403, 403, 403]),
        (two,                             [200, 403, 200, 200, 403, 403]),
        (both,                            [200, 200, 200, 200, 403, 403]),
        // A name that is negated, or that may be a misspelt form of it, proves no absence.
        (of("books", "b"),                [200, 403, 200, 403, 403, 403]),
        (of("books", "typo"),             [200, 403, 200, 403, 403, 403]),
        // A malformed entry makes the whole claim unknown.
        (json!({ "access": "x" }),        [403; 6]),
        (json!({ "access": null }),       [403; 6]),
        (json!({ "access": 1 }),          [403; 6]),
        (json!({ "access": [] }),         [403; 6]),
        (json!({ "access": "panic" }),    [403; 6]),
        (json!({ "access": [{ "collection": "books", "access": "r" }, { "collection": "books" }] }), [403; 6]),
        (json!({ "access": [{ "collection": "books", "access": "w", "payload": {} }] }), [403; 6]),
        // Lists of names in other claims count as before, outside of tenants.
        (json!({ "roles": ["read"] }),    [200, 403, 403, 403, 403, 403]),
    ];
    for (members, expected) in table {
        assert_eq!(statuses(&server, &members), expected, "{members}");
    }
}

#[test]
fn claim_never_exceeds_what_the_issuer_may_confer() {
    // RIGHTS-13, C3
    let all = Confers::nothing().roles(["read", "write", "blocked"]).scopes(["export"]);
    assert_eq!(statuses(&serve(jwt().confers(all)), &json!({ "access": "w" })), [200; 6]);
    let reader = Auth::builder().bearer(jwt().confers(Confers::nothing().roles(["read"])));
    let auth = reader.tenant("collection", at::path("name")).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_collection).service(get_members));
    });
    let token = || bearer(json!({ "access": "w" }));
    // The claim grants "write", which is dropped together with what it implies.
    assert_eq!(server.send(&ask("/collections/books").authorization(token())).status, 403);
    assert_eq!(server.send(&ask("/collections/books/members").authorization(token())).status, 403);
}

#[test]
fn rights_of_a_bound_token_count_in_its_own_tenant_only() {
    // TENANT-10, TENANT-12
    let server = serve(jwt().tenant_in_claim("collection", "/of"));
    let token = |of: &str, access: &str| json!({ "of": of, "access": access });
    // The absence of a role is unknown, because the roles of this token could also be listed at `/roles`.
    assert_eq!(statuses(&server, &token("books", "w")), [200, 200, 200, 403, 403, 403]);
    assert_eq!(statuses(&server, &token("music", "w")), [403; 6]);
}
