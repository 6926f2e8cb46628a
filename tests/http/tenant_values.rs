//! Tests of tenants: where a request names them, which rights count in them, and what the handler receives.

use std::sync::{Arc, Mutex};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::identity::{self, Rights, RightsProvider, RightsUnavailable};
use auth_actix::{
    Auth, AuthBuilder, Id, Jwt, Peer, Principal, Scope, Tenant, at, require, require_auth, require_role, rule,
};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, bearer};
use auth_tests::wire::{Answer, Request, get as ask};
use serde_json::json;

#[derive(auth_actix::Role)]
pub(crate) enum Role {
    #[role(implies(Member))]
    Editor,
    Member,
    Suspended,
}

#[require_role("member", in = org)]
#[get("/board")]
async fn board(tenant: Tenant, caller: Principal) -> String {
    format!("{tenant:?} {}", caller.has_role_in(Role::Editor, &tenant))
}

#[require_role("member", in = (org, team))]
#[get("/team")]
async fn team(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require_auth(in = org)]
#[get("/inside")]
async fn inside(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require(role("member") || role("member", in = org))]
#[get("/either")]
async fn either(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require(network("127.0.0.0/8") || role("member", in = org))]
#[get("/local")]
async fn local(tenant: Tenant, caller: Option<Principal>) -> String {
    format!("{tenant:?} {}", caller.is_some())
}

#[require(role("member", in = project) && !role("suspended", in = project))]
#[get("/projects/{id}")]
async fn project(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require_role("member", in = org, not_found)]
#[get("/hidden")]
async fn hidden(_: Tenant) -> &'static str {
    "hidden"
}

#[require_auth]
#[get("/anyone")]
async fn anyone() -> &'static str {
    "anyone"
}

#[require(role("member"))]
#[get("/everywhere")]
async fn everywhere() -> &'static str {
    "everywhere"
}

/// Memberships that record the calls of the provider.
#[derive(Clone, Default)]
struct Memberships(Arc<Mutex<Vec<String>>>);

impl Memberships {
    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl RightsProvider for Memberships {
    async fn rights(&self, caller: &Id, tenant: Option<&identity::Tenant>) -> Result<Rights, RightsUnavailable> {
        self.0.lock().unwrap().push(tenant.map_or("-".to_owned(), |tenant| format!("{tenant:?}")));
        let is = |name: &str| *caller == Id::user(ISSUER, name);
        let org = tenant.and_then(|tenant| tenant.get("org"));
        let has_team = tenant.is_some_and(|tenant| tenant.get("team").is_some());
        let roles: &[&str] = match (org, has_team) {
            (Some("acme"), false) if is("alice") || is("lost") => &["editor"],
            (Some("acme"), true) if is("bob") => &["member"],
            (Some("acme"), false) if is("sue") => &["suspended"],
            (Some("away"), _) => return Err(RightsUnavailable),
            (None, _) if is("root") && tenant.is_none() => &["member"],
            (None, _) if tenant.is_some_and(|tenant| tenant.get("project") == Some("p1")) && is("alice") => &["member"],
            _ => &[],
        };
        Ok(Rights::new().roles(roles))
    }

    async fn default_tenant(&self, caller: &Id) -> Result<Option<identity::Tenant>, RightsUnavailable> {
        self.0.lock().unwrap().push("default".to_owned());
        match caller.local_part() {
            "alice" => Ok(Some(Tenant::of("org", "acme"))),
            "away" => Err(RightsUnavailable),
            _ => Ok(None),
        }
    }

    fn cache_ttl(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// The subject of an identity of these tests.
trait LocalPart {
    fn local_part(&self) -> &'static str;
}

impl LocalPart for Id {
    fn local_part(&self) -> &'static str {
        let names = ["alice", "away", "lost", "bob"];
        names.into_iter().find(|name| *self == Id::user(ISSUER, name)).unwrap_or_default()
    }
}

fn builder(jwt: Jwt, memberships: &Memberships) -> AuthBuilder {
    Auth::builder()
        .bearer(jwt)
        .tenant("org", at::header("X-Org").or_subprotocol("org.").or_path("org"))
        .tenant("team", at::header("X-Team"))
        .tenant("project", at::path("id").or_header("X-Project"))
        .client_address(Peer)
        .hosts(["localhost"])
        .rights_from(memberships.clone())
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE)
}

fn serve(jwt: Jwt, memberships: &Memberships) -> Server {
    serve_with(jwt, memberships, |scope| scope.service(project))
}

/// Starts a server with the handlers that every kind of token can call, and with others.
fn serve_with(jwt: Jwt, memberships: &Memberships, others: fn(Scope) -> Scope) -> Server {
    let auth = builder(jwt, memberships).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("/api").service(board).service(team).service(inside).service(either).service(local);
        config.service(others(scope.service(hidden).service(anyone).service(everywhere)));
    })
}

fn as_user(name: &str) -> String {
    bearer(json!({ "sub": name }))
}

fn at_path(path: &str) -> Request {
    ask(&format!("/api{path}"))
}

fn shown(answer: &Answer) -> String {
    if answer.status == 200 { answer.text().to_owned() } else { format!("{} {}", answer.status, answer.problem()) }
}

#[test]
fn tenant_in_a_header_is_decided_on_and_given_to_the_handler() {
    // TENANT-1 to TENANT-6
    let memberships = Memberships::default();
    let server = serve(jwt(), &memberships);
    let long = "x".repeat(129);
    let acme = r#"org="acme""#;
    let two = r#"org="acme", team="red""#;
    #[rustfmt::skip]
    let table: &[(&str, &str, &[(&str, &str)], &str, &[&str])] = &[
        // (caller, path, fields, answer, calls of the provider)
        ("alice", "/board",       &[("X-Org", "acme")],                          r#"org="acme" true"#,         &[acme]),
        ("bob",   "/board",       &[("X-Org", "acme")],                          "403 insufficient-permissions", &[acme]),
        ("alice", "/board",       &[("X-Org", "other")],                         "403 insufficient-permissions", &[r#"org="other""#]),
        ("alice", "/board",       &[("X-Org", "ACME")],                          "403 insufficient-permissions", &[r#"org="ACME""#]),
        ("alice", "/board",       &[("X-Org", "%61cme")],                        "403 insufficient-permissions", &[r#"org="%61cme""#]),
        ("alice", "/board",       &[("X-Org", "acme, acme")],                    "403 insufficient-permissions", &[r#"org="acme, acme""#]),
        ("alice", "/board",       &[("X-Org", "acme"), ("X-Org", "acme")],       "400 tenant-required",        &[]),
        ("alice", "/board",       &[("X-Org", "")],                              "400 tenant-required",        &[]),
        ("alice", "/board",       &[("X-Org", &long)],                           "400 tenant-required",        &[]),
        ("alice", "/board",       &[("X-Org", "away")],                          "503 authentication-unavailable", &[r#"org="away""#]),
        ("alice", "/board?org=acme", &[("X-Org", "other")],                      "403 insufficient-permissions", &[r#"org="other""#]),
        // A request that names no tenant: TENANT-4
        ("alice", "/board",       &[],                                           r#"org="acme" true"#,         &["default", acme]),
        ("lost",  "/board",       &[],                                           "400 tenant-required",        &["default"]),
        ("away",  "/board",       &[],                                           "503 authentication-unavailable", &["default"]),
        // Two dimensions: a role in the organization does not count in its teams.
        ("bob",   "/team",        &[("X-Org", "acme"), ("X-Team", "red")],       two,                          &[two]),
        ("alice", "/team",        &[("X-Org", "acme"), ("X-Team", "red")],       "403 insufficient-permissions", &[two]),
        ("bob",   "/team",        &[("X-Org", "acme")],                          "400 tenant-required",        &[]),
        ("bob",   "/team",        &[],                                           "400 tenant-required",        &["default"]),
        // Membership: TENANT-13
        ("alice", "/inside",      &[("X-Org", "acme")],                          acme,                         &[acme]),
        ("sue",   "/inside",      &[("X-Org", "acme")],                          "403 insufficient-permissions", &[acme]),
        ("root",  "/inside",      &[("X-Org", "acme")],                          "403 insufficient-permissions", &[acme]),
        // A part of the rule without a tenant grants access to every tenant. The handler receives the tenant of the request.
        ("root",  "/either",      &[("X-Org", "other")],                         r#"org="other""#,             &["-"]),
        ("root",  "/either",      &[],                                           "400 tenant-required",        &["-", "default"]),
        ("alice", "/either",      &[("X-Org", "acme")],                          acme,                         &["-", acme]),
        ("alice", "/either",      &[],                                           acme,                         &["-", "default", acme]),
        ("bob",   "/either",      &[],                                           "400 tenant-required",        &["-", "default"]),
        // The path, if the pattern contains the parameter.
        ("alice", "/projects/p1", &[],                                           r#"project="p1""#,            &[r#"project="p1""#]),
        ("alice", "/projects/p1", &[("X-Project", "p2")],                        r#"project="p1""#,            &[r#"project="p1""#]),
        ("alice", "/projects/p2", &[("X-Project", "p1")],                        "403 insufficient-permissions", &[r#"project="p2""#]),
        ("alice", "/projects/%70%31", &[],                                       r#"project="p1""#,            &[r#"project="p1""#]),
        // Hidden: TENANT-5
        ("alice", "/hidden",      &[("X-Org", "acme")],                          "hidden",                     &[acme]),
        ("alice", "/hidden",      &[("X-Org", ""), ("X-Org", "acme")],           "404 not-found",              &["default", "-"]),
    ];
    for (caller, path, fields, expected, calls) in table {
        let answer = server.send(&at_path(path).authorization(as_user(caller)).fields(fields));
        assert_eq!(
            (shown(&answer).as_str(), memberships.calls()),
            (*expected, calls.iter().map(|call| (*call).to_owned()).collect()),
            "{caller} {path} {fields:?}"
        );
    }
    // Anonymous callers get 401, whatever the tenant is.
    for fields in [&[("X-Org", "acme")][..], &[], &[("X-Org", "")]] {
        let answer = server.send(&at_path("/board").fields(fields));
        assert_eq!(shown(&answer), "401 missing-credentials", "{fields:?}");
    }
    assert_eq!(memberships.calls(), Vec::<String>::new());
    // A hidden handler and an unknown path cost the same calls: ACCT-15
    for (path, fields) in [
        ("/hidden", &[("X-Org", "other")][..]),
        ("/hidden", &[]),
        ("/unknown", &[]),
        ("/unknown", &[("X-Org", "acme")]),
    ] {
        let answer = server.send(&at_path(path).authorization(as_user("bob")).fields(fields));
        let calls = memberships.calls();
        let mut calls: Vec<_> = calls.iter().map(|call| if call == "default" { "default" } else { "rights" }).collect();
        calls.sort_unstable();
        assert_eq!(
            (shown(&answer).as_str(), &calls[..]),
            ("404 not-found", &["default", "rights"][..]),
            "{path} {fields:?}"
        );
    }
}

#[test]
fn anonymous_callers_who_pass_still_need_a_tenant() {
    let memberships = Memberships::default();
    let server = serve(jwt(), &memberships);
    #[rustfmt::skip]
    let table: &[(Option<&str>, &[(&str, &str)], &str)] = &[
        (None,          &[("X-Org", "acme")], r#"org="acme" false"#),
        (Some("alice"), &[("X-Org", "acme")], r#"org="acme" true"#),
        (None,          &[],                  "400 tenant-required"),
        (None,          &[("X-Org", "")],     "400 tenant-required"),
    ];
    for (caller, fields, expected) in table {
        let request = at_path("/local").fields(fields);
        let request = caller.iter().fold(request, |request, name| request.authorization(as_user(name)));
        assert_eq!(shown(&server.send(&request)), *expected, "{caller:?} {fields:?}");
    }
}

#[test]
fn responses_vary_by_the_header_of_a_tenant() {
    // TENANT-14
    let server = serve(jwt(), &Memberships::default());
    for (path, fields, varies) in [
        ("/board", &[("X-Org", "acme")][..], true),
        ("/board", &[], true),
        ("/board", &[("X-Org", "other")], true),
        ("/anyone", &[("X-Org", "acme")], false),
    ] {
        let answer = server.send(&at_path(path).authorization(as_user("alice")).fields(fields));
        let vary = answer.lines("vary").join(", ").to_ascii_lowercase();
        assert_eq!(vary.contains("x-org"), varies, "{path} {fields:?}: {} {vary}", answer.status);
    }
}

#[test]
fn tenant_of_a_subprotocol_counts_in_a_web_socket_only() {
    let memberships = Memberships::default();
    let server = serve(jwt(), &memberships);
    let open = |protocols: &str| {
        let request = at_path("/board").authorization(as_user("alice")).field("Sec-WebSocket-Protocol", protocols);
        request.field("Upgrade", "websocket").field("Connection", "Upgrade").field("Origin", "http://localhost")
    };
    let acme = r#"org="acme" true"#;
    for (protocols, expected) in [
        ("v1, org.acme", acme),
        ("org.%61cme", acme),
        ("org.other", "403 insufficient-permissions"),
        ("org.acme, org.acme", "400 tenant-required"),
        ("org.%zz", "400 tenant-required"),
    ] {
        assert_eq!(shown(&server.send(&open(protocols))), expected, "{protocols}");
    }
    assert_eq!(shown(&server.send(&open("org.acme").field("X-Org", "other"))), "403 insufficient-permissions");
    let plain = at_path("/board").authorization(as_user("bob")).field("Sec-WebSocket-Protocol", "org.acme");
    assert_eq!(shown(&server.send(&plain)), "400 tenant-required");
}

#[test]
fn bound_token_counts_in_its_own_tenant_only() {
    // TENANT-10 to TENANT-12
    let memberships = Memberships::default();
    let server = serve_with(jwt().tenant_in_claim("org", "/org_id"), &memberships, |scope| scope);
    let token = |claims: serde_json::Value| bearer(claims);
    let of = |org: &str, roles: &[&str]| token(json!({ "sub": "carol", "org_id": org, "roles": roles }));
    let alice = |org: &str| token(json!({ "sub": "alice", "org_id": org }));
    let member = of("acme", &["member"]);
    let denied = "403 insufficient-permissions";
    #[rustfmt::skip]
    let table: &[(&str, String, &str, &[(&str, &str)], &str)] = &[
        ("its own tenant",                      member.clone(),      "/board",      &[("X-Org", "acme")],                    r#"org="acme" false"#),
        ("its own rights, in another tenant",   member.clone(),      "/board",      &[("X-Org", "other")],                   denied),
        ("another spelling",                    member.clone(),      "/board",      &[("X-Org", "Acme")],                    denied),
        ("a tenant is required",                member.clone(),      "/board",      &[],                                     "400 tenant-required"),
        ("its own rights, in a team",           member.clone(),      "/team",       &[("X-Org", "acme"), ("X-Team", "red")], denied),
        ("its own rights, outside of tenants",  member.clone(),      "/everywhere", &[],                                     denied),
        ("authenticated, outside of tenants",   member.clone(),      "/anyone",     &[],                                     "anyone"),
        ("bound to the tenant, without rights", of("acme", &[]),     "/inside",     &[("X-Org", "acme")],                    r#"org="acme""#),
        ("bound to another tenant",             of("other", &[]),    "/inside",     &[("X-Org", "acme")],                    denied),
        ("rights of the provider",              alice("acme"),       "/board",      &[("X-Org", "acme")],                    r#"org="acme" true"#),
        ("rights of the provider, elsewhere",   alice("other"),      "/board",      &[("X-Org", "acme")],                    denied),
        ("it counts as anonymous elsewhere",    alice("other"),      "/local",      &[("X-Org", "acme")],                    r#"org="acme" false"#),
        ("and not in its own tenant",           alice("acme"),       "/local",      &[("X-Org", "acme")],                    r#"org="acme" true"#),
        ("without the claim",                   token(json!({ "sub": "carol" })),                "/anyone", &[], "401 invalid-credentials"),
        ("an empty claim",                      token(json!({ "sub": "carol", "org_id": "" })),  "/anyone", &[], "401 invalid-credentials"),
        ("a number",                            token(json!({ "sub": "carol", "org_id": 7 })),   "/anyone", &[], "401 invalid-credentials"),
        ("null",                                token(json!({ "sub": "carol", "org_id": null })), "/anyone", &[], "401 invalid-credentials"),
        ("a list",                              token(json!({ "sub": "carol", "org_id": ["acme"] })), "/anyone", &[], "401 invalid-credentials"),
        ("a long one",                          token(json!({ "sub": "carol", "org_id": "x".repeat(129) })), "/anyone", &[], "401 invalid-credentials"),
    ];
    for (case, token, path, fields, expected) in table {
        let answer = server.send(&at_path(path).authorization(token).fields(fields));
        assert_eq!(shown(&answer), *expected, "{case}");
    }
    // The provider is never asked about another tenant than that of the credential, and never for a default tenant.
    assert!(memberships.calls().iter().all(|call| !call.contains("other") && call != "default"));
    // An optional claim: without it, the token's own rights count nowhere.
    let server = serve(jwt().tenant_in_claim_if_present("org", "/org_id"), &memberships);
    let without = token(json!({ "sub": "carol", "roles": ["member"] }));
    for (token, path, fields, expected) in [
        (&without, "/anyone", &[][..], "anyone"),
        (&without, "/everywhere", &[], denied),
        (&without, "/board", &[("X-Org", "acme")], denied),
        (&member, "/board", &[("X-Org", "acme")], r#"org="acme" false"#),
        (&member, "/everywhere", &[], denied),
    ] {
        assert_eq!(
            shown(&server.send(&at_path(path).authorization(token).fields(fields))),
            expected,
            "{path} {fields:?}"
        );
    }
}

#[test]
fn tenant_of_the_credential_counts_if_the_request_names_none() {
    let memberships = Memberships::default();
    let auth = Auth::builder().bearer(jwt().tenant_in_claim("org", "/org_id")).rights_from(memberships.clone());
    let auth = auth.tenant("org", at::credential().or_header("X-Org")).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("/api").service(board).service(inside));
    });
    let carol = bearer(json!({ "sub": "carol", "org_id": "acme", "roles": ["member"] }));
    for (path, fields, expected) in [
        ("/board", &[][..], r#"org="acme" false"#),
        ("/board", &[("X-Org", "acme")], r#"org="acme" false"#),
        ("/board", &[("X-Org", "other")], "403 insufficient-permissions"),
        ("/board", &[("X-Org", "")], "400 tenant-required"),
        ("/inside", &[], r#"org="acme""#),
    ] {
        assert_eq!(
            shown(&server.send(&at_path(path).authorization(&carol).fields(fields))),
            expected,
            "{path} {fields:?}"
        );
    }
    assert_eq!(memberships.calls(), Vec::<String>::new());
}

#[require_role("member", in = org)]
#[get("/careless")]
async fn careless() -> &'static str {
    "careless"
}

#[require(role("member", in = org) && !role("suspended", in = org))]
#[get("/negated")]
async fn negated(_: Tenant) -> &'static str {
    "negated"
}

#[require_role("member", in = team)]
#[get("/{team}/members")]
async fn members(_: Tenant) -> &'static str {
    "members"
}

#[require_role("member", in = undeclared)]
#[get("/undeclared")]
async fn undeclared(_: Tenant) -> &'static str {
    "undeclared"
}

#[test]
fn rules_with_tenants_are_checked_at_start_up() {
    // TENANT-2, TENANT-6, TENANT-7, TENANT-9
    auth_tests::logs::capture();
    type Configure = fn(&Auth, &mut ServiceConfig);
    #[rustfmt::skip]
    let table: [(&str, Configure, &str); 8] = [
        ("the handler takes the tenant",     |auth, config| { config.service(auth.scope("").service(board)); },      ""),
        ("the handler does not take it",     |auth, config| { config.service(auth.scope("").service(careless)); },   "take the argument `Tenant`"),
        ("the tenant is in the path",        |auth, config| { config.service(auth.scope("/{org}").service(careless)); }, ""),
        ("the client chooses the absence",   |auth, config| { config.service(auth.scope("").service(negated)); },    "the rule negates an atom `in = org`"),
        ("the path has the name",            |auth, config| { config.service(auth.scope("").service(members)); },    "add `.or_path(\"team\")`"),
        ("no location",                      |auth, config| { config.service(auth.scope("").service(undeclared)); }, "has no `{undeclared}`"),
        ("the pattern is not known",         |auth, config| { config.service(actix_web::web::scope("/{any}").service(auth.scope("").service(careless))); }, "take the argument `Tenant`"),
        ("the rules of a scope differ",      |auth, config| { config.service(auth.scope("").require(rule!(role("member") || role("member", in = team))).service(board)); }, "different dimensions"),
    ];
    for (case, configure, expected) in table {
        let auth = builder(jwt(), &Memberships::default()).build().unwrap();
        let started = Server::try_start(1, move |config: &mut ServiceConfig| configure(&auth, config)).is_ok();
        assert_eq!(started, expected.is_empty(), "{case}");
        let is_said = auth_tests::logs::lines().iter().any(|line| line.field("message").contains(expected));
        assert!(is_said, "{case}: {expected}");
    }
    // A token of one dimension never counts in another.
    let auth = builder(jwt().tenant_in_claim("org", "/org_id"), &Memberships::default()).build().unwrap();
    let started = Server::try_start(1, move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(project));
    });
    assert!(started.is_err());
    // A provider of roles cannot be asked about two dimensions.
    let auth = Auth::builder().bearer(jwt()).tenant("org", at::header("X-Org")).tenant("team", at::header("X-Team"));
    let auth = auth.roles_from(|_: Id, _: Option<String>| async { Ok(Vec::new()) }).build().unwrap();
    let started = Server::try_start(1, move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(team));
    });
    assert!(started.is_err());
}

#[test]
fn access_matrix_and_openapi_name_the_headers_of_tenants() {
    // TENANT-14
    let auth = builder(jwt(), &Memberships::default()).build().unwrap();
    let scope = auth.scope("/api").service(board).service(project).service(anyone);
    let matrix = scope.access_matrix();
    let operation = || json!({ "get": { "responses": {} } });
    let document = json!({ "openapi": "3.1.0", "paths": {
        "/api/board": operation(), "/api/projects/{id}": operation(), "/api/anyone": operation(),
    } });
    let secured = matrix.secure_openapi(&document).unwrap();
    let of = |path: &str| secured["paths"][path]["get"].clone();
    let header = json!({
        "name": "x-org", "in": "header", "description": "The tenant `org`.",
        "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
    });
    assert_eq!(of("/api/board")["parameters"], json!([header]));
    assert!(of("/api/board")["responses"]["400"].is_object());
    for path in ["/api/projects/{id}", "/api/anyone"] {
        assert!(of(path)["parameters"].is_null() && of(path)["responses"]["400"].is_null(), "{path}");
    }
    // A parameter that the document already has is kept.
    let secured = matrix.secure_openapi(&secured).unwrap();
    assert_eq!(secured["paths"]["/api/board"]["get"]["parameters"].as_array().unwrap().len(), 1);
    let text = matrix.to_markdown();
    for line in
        ["tenant org: path {org}, otherwise header x-org, otherwise subprotocol org.…", "role(\"member\", in = org)"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn invalid_locations_of_tenants_do_not_build() {
    let with = |name: &'static str, location: auth_actix::client::Location| {
        Auth::builder().bearer(jwt()).tenant(name, location)
    };
    #[rustfmt::skip]
    let table = [
        (with("org", at::header("X-Org")),                                     ""),
        (with("org", at::header("X-Org")).tenant("org", at::path("org")),      "it is declared twice"),
        (with("", at::header("X-Org")),                                        "the name is not an identifier"),
        (with("org", at::header("X Org")),                                     "is not a valid header"),
        (with("org", at::header("Authorization")),                             "has another meaning"),
        (with("org", at::path("a").or_path("b")),                              "two locations of the kind `path`"),
        (with("org", at::header("X-Org").or_subprotocol("org.")).tenant("team", at::header("X-Team").or_subprotocol("team.")), ""),
        (with("org", at::header("X-Org").or_subprotocol("org.")).tenant("team", at::header("X-Team").or_subprotocol("org.team.")), "begins that of another tenant"),
        (with("org", at::header("X-Org").or_subprotocol("org.team.")).tenant("team", at::header("X-Team").or_subprotocol("org.")), "begins that of another tenant"),
    ];
    for (builder, expected) in table {
        let found = builder.build().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{expected}: {found}");
    }
}
