//! Tests with the requests of the clients: logins, keys of organizations, and the header and the subprotocol that name an
//! organization.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use auth_actix::test::{Caller as TestCaller, Keys, MatrixTest, assert_access, assert_visible};
use jsonwebtoken::{EncodingKey, Header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use serde_json::Value;

use super::*;

const SECRET: &[u8] = b"the secret of the provider, 32 bytes";
const ISSUER: &str = "https://id.example";

/// The provider of logins. Its tokens cannot name roles, because the source confers none.
fn provider() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience("pipelines")
}

fn token(subject: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({
        "iss": ISSUER, "aud": "pipelines", "sub": subject, "iat": now, "exp": now + 3600, "roles": ["owner", "admin"],
    });
    format!("Bearer {}", jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).unwrap())
}

/// The organizations of each person.
const PEOPLE: [(&str, &[(&str, &str)]); 5] = [
    ("alice", &[("acme", "admin")]),
    ("will", &[("acme", "write")]),
    ("rita", &[("acme", "read"), ("umbrella", "read")]),
    ("uma", &[("umbrella", "admin")]),
    ("olga", &[]),
];

/// A service with two organizations, each with a pipeline `sales`.
async fn service() -> Service {
    let service = Service::new(database(None).await.unwrap()).await.unwrap();
    for (person, memberships) in PEOPLE {
        let login = Id::user(ISSUER, person);
        service.members.sign_up(&login, person).await.unwrap();
        let member = service.members.identity(&login).await.unwrap();
        for (org, role) in memberships {
            service.members.set_role(org, &member, Some(role)).await.unwrap();
        }
    }
    sqlx::query("UPDATE members SET is_owner = 1 WHERE name = 'olga'").execute(&service.pool).await.unwrap();
    for org in ["acme", "umbrella"] {
        for name in ["sales", &format!("only-{org}")] {
            let new = serde_json::from_value(json!({ "name": name, "program_code": org })).unwrap();
            pipelines::add(&service.pool, org, new).await.unwrap();
        }
    }
    service
}

/// A request with a credential and the organization that it names.
fn ask(method: &str, path: &str, credential: Option<&str>, org: Option<&str>) -> TestRequest {
    let mut request =
        TestRequest::with_uri(&format!("/v0{path}")).method(Method::from_bytes(method.as_bytes()).unwrap());
    if let Some(credential) = credential {
        request = request.insert_header(("Authorization", credential));
    }
    if let Some(org) = org {
        request = request.insert_header(("Feldera-Tenant", org));
    }
    request
}

/// Issues a key of organizations, as the value of an `Authorization` header.
async fn issue(service: &Service, name: &str, role: &str, orgs: &[&str]) -> String {
    let tenants = orgs.iter().map(|org| auth_actix::identity::Tenant::of("org", org));
    let new = NewToken::for_client(name, "a test").roles([role]).tenants(tenants);
    format!("Bearer {}", service.keys.issue(new).await.unwrap().secret.expose_secret())
}

#[actix_web::test]
async fn each_kind_of_caller_reaches_its_routes_only() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &service))).await;
    let key = issue(&service, "ci", "write", &["acme"]).await;
    let credentials = [
        None,
        Some(token("stranger")),
        Some(token("rita")),
        Some(token("will")),
        Some(token("alice")),
        Some(token("uma")),
        Some(token("olga")),
        Some(key),
    ];
    let pipeline = |name: &str| json!({ "name": name, "program_code": "" }).to_string();
    // For: anonymous, login without account, reader, writer and administrator of acme, administrator of umbrella, owner of the
    // installation, key of acme. Each request names acme.
    #[rustfmt::skip]
    let table = [
        ("GET",    "/pipelines",            String::new(),                      [401, 403, 200, 200, 200, 403, 403, 200]),
        ("POST",   "/pipelines",            pipeline("sales"),                  [401, 403, 403, 409, 409, 403, 403, 409]),
        ("GET",    "/pipelines/sales",      String::new(),                      [401, 403, 200, 200, 200, 403, 403, 200]),
        ("GET",    "/pipelines/only-umbrella", String::new(),                   [401, 403, 404, 404, 404, 403, 403, 404]),
        ("PATCH",  "/pipelines/sales",      r#"{"description":"x"}"#.to_owned(), [401, 403, 403, 200, 200, 403, 403, 200]),
        ("PATCH",  "/pipelines/only-umbrella", r#"{"description":"x"}"#.to_owned(), [401, 403, 403, 404, 404, 403, 403, 404]),
        ("DELETE", "/pipelines/missing",    String::new(),                      [401, 403, 403, 403, 404, 403, 403, 403]),
        ("GET",    "/events",               String::new(),                      [401, 403, 200, 200, 200, 403, 403, 200]),
        ("POST",   "/api_keys",             r#"{"name":"ci"}"#.to_owned(),      [401, 403, 403, 403, 201, 403, 403, 403]),
        ("GET",    "/tenants",              String::new(),                      [401, 403, 403, 403, 403, 403, 200, 403]),
        ("GET",    "/config/session",       String::new(),                      [401, 403, 200, 200, 200, 200, 200, 403]),
        ("GET",    "/config",               String::new(),                      [200, 200, 200, 200, 200, 200, 200, 200]),
    ];
    for (method, path, body, expected) in table {
        for (credential, expected) in credentials.iter().zip(expected) {
            let request = ask(method, path, credential.as_deref(), Some("acme"));
            let request = request.insert_header(("Content-Type", "application/json")).set_payload(body.clone());
            let answer = call_service(&app, request.to_request()).await;
            let status = answer.status().as_u16();
            assert_eq!(status, expected, "{method} {path} {credential:?}: {:?}", read_body(answer).await);
        }
    }
}

#[actix_web::test]
async fn hostile_tenants_and_keys_are_refused() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &service))).await;
    let acme_key = issue(&service, "ci", "write", &["acme"]).await;
    let reader_key = issue(&service, "reader", "read", &["acme"]).await;
    let admin_key = issue(&service, "admin", "admin", &["acme"]).await;
    let no_org_key = issue(&service, "none", "write", &[]).await;
    let list = |credential: &str, org: Option<&str>| ask("GET", "/pipelines", Some(credential), org);
    let (alice, rita, long) = (token("alice"), token("rita"), "x".repeat(129));
    let as_bytes =
        |org: &[u8]| list(&alice, None).insert_header(("Feldera-Tenant", HeaderValue::from_bytes(org).unwrap()));
    #[rustfmt::skip]
    let table = vec![
        ("the only membership",             list(&alice, None),                                                     200),
        ("one of two memberships",          list(&rita, Some("umbrella")),                                          200),
        ("neither of two memberships",      list(&rita, None),                                                      400),
        ("a member of none",                list(&token("olga"), None),                                             400),
        ("an existing organization",        list(&alice, Some("umbrella")),                                         403),
        ("a missing organization",          list(&alice, Some("none")),                                             403),
        ("the header twice",                list(&alice, None).append_header(("Feldera-Tenant", "acme")).append_header(("Feldera-Tenant", "acme")), 400),
        ("two organizations",               list(&alice, None).append_header(("Feldera-Tenant", "acme")).append_header(("Feldera-Tenant", "umbrella")), 400),
        ("an empty header",                 list(&alice, Some("")),                                                 400),
        ("128 bytes",                       list(&alice, Some(&long[1..])),                                         403),
        ("129 bytes",                       list(&alice, Some(&long)),                                              400),
        ("no UTF-8",                        as_bytes(b"acme\xff"),                                                  400),
        ("in the path of the handler",      ask("GET", "/pipelines?org=acme", Some(&rita), None),                   400),
        ("umbrella's pipeline by name",     ask("GET", "/pipelines/only-umbrella", Some(&alice), Some("acme")),     404),
        ("the same, in umbrella",           ask("GET", "/pipelines/only-umbrella", Some(&alice), Some("umbrella")), 403),
        ("a key without a header",          list(&acme_key, None),                                                  400),
        ("a key in its organization",       list(&acme_key, Some("acme")),                                          200),
        ("a key in another one",            list(&acme_key, Some("umbrella")),                                      403),
        ("a key of no organization",        list(&no_org_key, Some("acme")),                                        403),
        ("a key on a rule without tenant",  ask("GET", "/config/session", Some(&acme_key), Some("acme")),           403),
        ("a reader's key writes",           ask("PATCH", "/pipelines/sales", Some(&reader_key), Some("acme")),      403),
        ("a key cannot be an administrator", ask("DELETE", "/pipelines/sales", Some(&admin_key), Some("acme")),     403),
        ("a token of another format",       list("Bearer apikey:x", Some("acme")),                                  401),
        ("a key without Bearer",            list(acme_key.trim_start_matches("Bearer "), Some("acme")),             401),
    ];
    for (case, request, expected) in table {
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status().as_u16(), expected, "{case}: {:?}", read_body(answer).await);
    }
}

#[actix_web::test]
async fn events_are_those_of_the_organization_decided_on() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &service))).await;
    let acme_key = issue(&service, "ci", "read", &["acme"]).await;
    let both_key = issue(&service, "both", "read", &["acme", "umbrella"]).await;
    let change = ask("PATCH", "/pipelines/sales", Some(&token("will")), Some("acme")).set_json(json!({}));
    assert_eq!(call_service(&app, change.to_request()).await.status(), 200);
    let (acme, umbrella) = ("created sales, created only-acme, changed sales", "created sales, created only-umbrella");
    #[rustfmt::skip]
    let table = [
        ("the only membership",        token("alice"), None,             Ok(acme)),
        ("a reader of two, in one",    token("rita"),  Some("acme"),     Ok(acme)),
        ("the same, in the other",     token("rita"),  Some("umbrella"), Ok(umbrella)),
        ("the same, in neither",       token("rita"),  None,             Err(400)),
        ("a member of another",        token("uma"),   Some("acme"),     Err(403)),
        ("no organization",            token("olga"),  Some("acme"),     Err(403)),
        ("a key",                      acme_key.clone(), Some("acme"),   Ok(acme)),
        ("a key, in another",          acme_key,       Some("umbrella"), Err(403)),
        ("a key of two, in one",       both_key.clone(), Some("umbrella"), Ok(umbrella)),
        ("a key of two, in neither",   both_key,       None,             Err(400)),
    ];
    for (case, credential, org, expected) in table {
        let answer = call_service(&app, ask("GET", "/events", Some(&credential), org).to_request()).await;
        let found = match answer.status().as_u16() {
            200 => {
                let events: Vec<Value> = read_body_json(answer).await;
                let text = |event: &Value| format!("{} {}", event["what"], event["pipeline"]).replace('"', "");
                Ok(events.iter().map(text).collect::<Vec<_>>().join(", "))
            }
            status => Err(status),
        };
        assert_eq!(found, expected.map(str::to_owned), "{case}");
    }
}

#[actix_web::test]
async fn the_list_of_events_equals_their_policy() {
    let service = service().await;
    let member = TestCaller::user("rita").principal();
    let acme_only = TestCaller::user("ci").tenant(auth_actix::identity::Tenant::of("org", "acme")).principal();
    let visible = assert_visible::<Event, See>(&service.pool, [None, Some(member), Some(acme_only)]).await;
    assert_eq!(visible.iter().map(Vec::len).collect::<Vec<_>>(), [0, 4, 2]);
}

#[actix_web::test]
async fn keys_of_administrators_work_until_they_are_revoked() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &service))).await;
    let new = |role: &str| json!({ "name": "ci", "role": role });
    let create = ask("POST", "/api_keys", Some(&token("alice")), Some("acme")).set_json(new("read"));
    let created: Value = read_body_json(call_service(&app, create.to_request()).await).await;
    let key = format!("Bearer {}", created["api_key"].as_str().unwrap());
    assert!(key.starts_with("Bearer apikey:"));
    let status = async |method: &str, path: &str| {
        let request = ask(method, path, Some(&key), Some("acme")).set_json(new("read"));
        call_service(&app, request.to_request()).await.status().as_u16()
    };
    assert_eq!(status("GET", "/pipelines/sales").await, 200);
    assert_eq!(status("PATCH", "/pipelines/sales").await, 403);
    assert_eq!(status("POST", "/api_keys").await, 403, "a key creates no key");
    let id = created["id"].as_str().unwrap().parse().unwrap();
    assert!(service.keys.revoke(&id).await.unwrap());
    assert_eq!(status("GET", "/pipelines/sales").await, 401);
}

#[actix_web::test]
async fn a_login_becomes_a_member_by_signing_up() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &service))).await;
    let newcomer = token("newcomer");
    let session = || ask("GET", "/config/session", Some(&newcomer), None).to_request();
    let before = call_service(&app, session()).await;
    let problem: Value = read_body_json(before).await;
    assert!(problem["type"].as_str().unwrap().ends_with("/account-required"), "{problem}");
    assert_eq!(problem["sign_up"], "/sign-up");
    for _ in 0..2 {
        let request = ask("POST", "/sign_up", Some(&newcomer), None).set_json(json!({ "name": "Newcomer" }));
        assert_eq!(call_service(&app, request.to_request()).await.status(), 201);
    }
    let after: Value = read_body_json(call_service(&app, session()).await).await;
    assert_eq!(after["user"], "Newcomer");
    sqlx::query("UPDATE members SET is_suspended = 1 WHERE name = 'Newcomer'").execute(&service.pool).await.unwrap();
    let suspended: Value = read_body_json(call_service(&app, session()).await).await;
    assert!(suspended["type"].as_str().unwrap().ends_with("/account-suspended"), "{suspended}");
}

#[actix_web::test]
async fn every_rule_admits_exactly_its_callers() {
    let keys = Keys::new();
    let service = service().await;
    let auth = service.settings(provider()).test_keys(&keys).build().unwrap();
    let member = || Member::named("Alice");
    let undecided = MatrixTest::new(&keys).account(member).assert(App::new().service(api(&auth, &service))).await;
    // Whether a pipeline exists in the organization and admits the caller is tested above.
    assert!(undecided.iter().all(|atom| atom.contains(": authorized(Pipeline, ")), "{undecided:?}");
    assert_eq!(undecided.len(), 4, "{undecided:?}");
}

#[actix_web::test]
async fn access_matches_the_reviewed_file() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    assert_access(App::new().service(api(&auth, &service))).await;
}

#[actix_web::test]
async fn the_document_has_the_roles_and_the_header_of_rules() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let document: Value = serde_json::from_str(&document(&auth, &service).unwrap().to_json().unwrap()).unwrap();
    let operation = &document["paths"]["/pipelines"]["get"];
    let header =
        operation["parameters"].as_array().unwrap().iter().find(|parameter| parameter["in"] == "header").unwrap();
    assert_eq!(header["name"].as_str().unwrap().to_ascii_lowercase(), "feldera-tenant");
    for status in ["400", "401", "403"] {
        assert!(operation["responses"][status].is_object(), "{status}: {operation}");
    }
    let role = |role: &str| json!([{ "Bearer": [role] }, { "api-key": [role] }]);
    #[rustfmt::skip]
    let table = [
        ("get",    "/pipelines",        role("read"),                  json!([r#"role("read", in = org)"#])),
        ("post",   "/pipelines",        role("write"),                 json!([r#"role("write", in = org)"#])),
        ("delete", "/pipelines/{name}", role("admin"),                 json!([r#"role("admin", in = org)"#])),
        ("post",   "/api_keys",         json!([{ "Bearer": ["admin"] }]), json!([r#"role("admin", in = org)"#])),
        ("get",    "/tenants",          role("owner"),                 json!([r#"role("owner")"#])),
        ("get",    "/config/session",   json!([{ "Bearer": [] }]),     json!(null)),
    ];
    for (method, path, security, access) in table {
        let operation = &document["paths"][path][method];
        assert_eq!((&operation["security"], &operation["x-access"]), (&security, &access), "{method} {path}");
    }
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["api-key"], json!({ "type": "http", "scheme": "bearer" }));
    assert_eq!(schemes["Bearer"], json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }));
}

/// Opens a WebSocket, and returns the head of the answer and the connection.
async fn upgrade(address: SocketAddr, token: &str, protocols: &str) -> (String, TcpStream) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v0/pipelines/sales/egress HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: {token}\r\n{protocols}\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), socket)
}

#[actix_web::test]
async fn a_socket_takes_its_organization_and_ends_with_the_membership() {
    let service = service().await;
    let auth = service.settings(provider()).build().unwrap();
    let (shared, alice) = (service.clone(), token("alice"));
    let server =
        HttpServer::new(move || App::new().service(api(&auth, &shared))).workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    let offer = |protocols: &str| format!("Sec-WebSocket-Protocol: {protocols}\r\n");
    #[rustfmt::skip]
    let table = [
        (offer("feldera-tenant.umbrella, v1"),                   "403"),
        (offer("feldera-tenant.acme, feldera-tenant.umbrella"),  "400"),
        (offer("feldera-tenant., v1"),                           "400"),
        ("Feldera-Tenant: umbrella\r\n".to_owned() + &offer("feldera-tenant.acme, v1"), "403"),
        (offer("feldera-tenant.acme, v1"),                       "101"),
    ];
    for (protocols, expected) in table {
        let (head, _socket) = upgrade(address, &alice, &protocols).await;
        assert_eq!(head.get(9..12), Some(expected), "{protocols}: {head}");
    }
    let (_, mut socket) = upgrade(address, &alice, &offer("feldera-tenant.acme, v1")).await;
    let text_frame = socket.read_u8().await.unwrap();
    let mut greeting = vec![0; socket.read_u8().await.unwrap().into()];
    socket.read_exact(&mut greeting).await.unwrap();
    assert_eq!(
        (text_frame, serde_json::from_slice::<Value>(&greeting).unwrap()["pipeline"].as_str()),
        (0x81, Some("sales"))
    );
    let member = service.members.identity(&Id::user(ISSUER, "alice")).await.unwrap();
    service.members.set_role("acme", &member, None).await.unwrap();
    let close = tokio::time::timeout(Duration::from_secs(10), socket.read_u8()).await;
    assert_eq!(close.unwrap().unwrap(), 0x88, "the server closes the socket");
    handle.stop(false).await;
}
