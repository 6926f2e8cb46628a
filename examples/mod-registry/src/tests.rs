//! Tests with the requests of the clients: bare `Authorization` lines with sessions and personal tokens.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::SystemTime;

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use auth_actix::Principal;
use auth_actix::test::{Keys, MatrixTest, assert_access, assert_visible};
use auth_actix::tokens::{Owner, TokenDigest, TokenId, TokenPrefix, TokenRecord, TokenStore as _};
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::*;

const ADA: i64 = 1;
const BEN: i64 = 2;
const CAT: i64 = 3;
const MOE: i64 = 4;
const SUE: i64 = 5;

/// Ada owns projects 1 (approved) and 2 (a draft), in whose team Ben may edit details. Cat owns project 3, Moe project 4, both drafts.
/// Moe is a moderator, and Sue is suspended. Sue owns project 5, which is approved.
struct Registry {
    service: Service,
    auth: Auth,
    /// The stores of personal tokens and of sessions.
    stores: [SqlTokens; 2],
}

const EDIT_ONLY: i64 = projects::permissions::EDIT_DETAILS;

impl Registry {
    async fn new() -> Self {
        Self::with(|settings| settings).await
    }

    async fn with(change: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        let (pool, sessions) = (database().await.unwrap(), database().await.unwrap());
        let stores = [SqlTokens::open(pool.clone()), SqlTokens::open(sessions.clone())];
        let service = Service::new(pool, sessions).await.unwrap();
        for name in ["ada", "ben", "cat", "moe", "sue"] {
            service.users.add(name).await.unwrap();
        }
        for (owner, title) in [(ADA, "Lanterns"), (ADA, "Draft"), (CAT, "Cats"), (MOE, "Moths"), (SUE, "Suns")] {
            projects::add(&service.pool, owner, title).await.unwrap();
        }
        let auth = change(service.settings()).build().unwrap();
        let registry = Self { service, auth, stores };
        registry.sql("UPDATE users SET is_moderator = TRUE WHERE username = 'moe'").await;
        registry.sql("UPDATE users SET is_suspended = TRUE WHERE username = 'sue'").await;
        registry.sql("UPDATE projects SET status = 'approved' WHERE id IN (1, 5)").await;
        registry.sql(&format!("INSERT INTO team_members VALUES (2, {BEN}, {EDIT_ONLY})")).await;
        registry
    }

    async fn sql(&self, text: &str) {
        sqlx::query(AssertSqlSafe(text.to_owned())).execute(&self.service.pool).await.unwrap();
    }

    async fn session(&self, user: i64) -> String {
        self.service.begin_session(user).await.unwrap()
    }

    async fn pat(&self, user: i64, scopes: &[&str], roles: &[&str]) -> String {
        let new = NewToken::for_account(AccountId::new("user", user), "a test").scopes(scopes).roles(roles);
        self.service.pats.0.issue(new).await.unwrap().secret.expose_secret().to_owned()
    }

    /// Stores a token that another program has written.
    async fn write(&self, store: usize, token: &str, user: i64, change: impl FnOnce(&mut TokenRecord)) {
        let owner = Owner::Account(AccountId::new("user", user));
        let mut record = TokenRecord::new(TokenId::generate().unwrap(), owner, SystemTime::now());
        change(&mut record);
        let store = self.stores.get(store).unwrap().admin().unwrap();
        store.insert(&TokenDigest::sha256(token.as_bytes()), record).await.unwrap();
    }
}

const ALL_SCOPES: [&str; 4] = ["USER_READ", "PROJECT_READ", "PROJECT_WRITE", "PROJECT_DELETE"];

/// A request from another machine, with an `Authorization` line.
fn ask(method: &str, path: &str, authorization: Option<&str>, body: &str) -> TestRequest {
    let peer: SocketAddr = "203.0.113.7:5000".parse().unwrap();
    let request = TestRequest::with_uri(path).method(Method::from_bytes(method.as_bytes()).unwrap()).peer_addr(peer);
    let request = request.insert_header(("Content-Type", "application/json")).set_payload(body.to_owned());
    match authorization {
        Some(line) => request.insert_header(("Authorization", line)),
        None => request,
    }
}

/// Sends each request, and compares the statuses.
async fn compare(registry: &Registry, table: Vec<(&str, TestRequest, u16)>) {
    let app = init_service(App::new().service(api(&registry.auth, &registry.service))).await;
    for (case, request, expected) in table {
        let answer = call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        assert_eq!(status, expected, "{case}: {:?}", read_body(answer).await);
    }
}

const PAT: &str = r#"{"name":"ci","scopes":["PROJECT_WRITE"],"expires_in_days":90}"#;
const CHANGE: &str = r#"{"description":"new"}"#;
const MEMBER: &str = r#"{"user_id":3,"permissions":4}"#;
const VERDICT: &str = r#"{"status":"approved"}"#;

/// Requests with the statuses for: an anonymous caller, the owner's session, the owner's tokens with all scopes, with PROJECT_READ and
/// with none, a member of the team, a user outside of it, a moderator, the moderator's token with all scopes and without the role, a
/// suspended user, and a word of another service, which is not a credential of this one.
#[rustfmt::skip]
const ROUTES: [(&str, &str, &str, [u16; 11]); 13] = [
    //                                                 none  own  all  read  ()   team other  mod  m.tok susp gho_
    ("GET",    "/v2/project/1",         "",           [200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 200]),
    ("GET",    "/v2/project/2",         "",           [404, 200, 200, 200, 404, 200, 404, 200, 404, 403, 404]),
    ("GET",    "/v2/project/9",         "",           [404, 404, 404, 404, 404, 404, 404, 404, 404, 403, 404]),
    ("GET",    "/v2/projects",          "",           [200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 200]),
    ("PATCH",  "/v2/project/2",         CHANGE,       [401, 204, 204, 403, 403, 204, 404, 404, 404, 403, 401]),
    ("PATCH",  "/v2/project/9",         CHANGE,       [401, 404, 404, 403, 403, 404, 404, 404, 404, 403, 401]),
    ("POST",   "/v2/project/2/members", MEMBER,       [401, 204, 204, 403, 403, 404, 404, 404, 404, 403, 401]),
    ("GET",    "/v2/user",              "",           [401, 200, 200, 403, 403, 200, 200, 200, 200, 403, 401]),
    ("POST",   "/v2/pat",               PAT,          [401, 201, 401, 401, 401, 201, 201, 201, 401, 403, 401]),
    ("POST",   "/v2/moderation/2",      VERDICT,      [401, 403, 403, 403, 403, 403, 403, 204, 403, 403, 401]),
    ("POST",   "/v2/moderation/4",      VERDICT,      [401, 403, 403, 403, 403, 403, 403, 404, 403, 403, 401]),
    ("DELETE", "/v2/project/2",         "",           [401, 204, 204, 403, 403, 404, 404, 404, 404, 403, 401]),
    ("POST",   "/_internal/reindex",    "",           [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403]),
];

#[actix_web::test]
async fn each_kind_of_caller_reaches_its_routes_only() {
    for (method, path, body, expected) in ROUTES {
        for (number, expected) in expected.into_iter().enumerate() {
            // A registry of its own, because requests change it.
            let registry = Registry::new().await;
            let (case, line) = kinds(&registry).await.into_iter().nth(number).unwrap();
            let case = format!("{method} {path}: {case}");
            compare(&registry, vec![(&case, ask(method, path, line.as_deref(), body), expected)]).await;
        }
    }
}

/// The kinds of callers, in the order of [`ROUTES`].
async fn kinds(registry: &Registry) -> [(&'static str, Option<String>); 11] {
    [
        ("anonymous", None),
        ("the owner's session", Some(registry.session(ADA).await)),
        ("the owner's token with all scopes", Some(registry.pat(ADA, &ALL_SCOPES, &[]).await)),
        ("the owner's token with one scope", Some(registry.pat(ADA, &["PROJECT_READ"], &[]).await)),
        ("the owner's token without a scope", Some(registry.pat(ADA, &[], &[]).await)),
        ("a member of the team", Some(registry.session(BEN).await)),
        ("a user outside of the team", Some(registry.session(CAT).await)),
        ("a moderator", Some(registry.session(MOE).await)),
        ("a moderator's token without the role", Some(registry.pat(MOE, &ALL_SCOPES, &[]).await)),
        ("a suspended user", Some(registry.session(SUE).await)),
        ("a word of another service", Some("gho_0123456789".to_owned())),
    ]
}

#[actix_web::test]
async fn the_list_contains_what_single_requests_show() {
    let registry = Registry::new().await;
    let app = init_service(App::new().service(api(&registry.auth, &registry.service))).await;
    #[rustfmt::skip]
    let expected: [&[i64]; 11] = [
        &[1, 5], &[1, 2, 5], &[1, 2, 5], &[1, 2, 5], &[1, 5], &[1, 2, 5], &[1, 3, 5], &[1, 2, 3, 4, 5], &[1, 4, 5], &[], &[1, 5],
    ];
    let with_role = Some(registry.pat(MOE, &["PROJECT_READ"], &["moderator"]).await);
    let of_role_only = Some(registry.pat(MOE, &[], &["moderator"]).await);
    let more = [
        ("a moderator's token with the role", with_role, &[1, 2, 3, 4, 5][..]),
        ("a moderator's token with the role only", of_role_only, &[1, 5]),
    ];
    let kinds = kinds(&registry).await.into_iter().zip(expected).map(|((case, line), list)| (case, line, list));
    for (case, line, expected) in kinds.chain(more) {
        let list = call_service(&app, ask("GET", "/v2/projects", line.as_deref(), "").to_request()).await;
        let listed: Vec<Value> = if list.status().is_success() { read_body_json(list).await } else { Vec::new() };
        let ids: Vec<_> = listed.iter().map(|project| project["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, expected, "{case}");
        for id in 1..=5 {
            let show = ask("GET", &format!("/v2/project/{id}"), line.as_deref(), "").to_request();
            let is_shown = call_service(&app, show).await.status().is_success();
            assert_eq!(is_shown, expected.contains(&id), "{case}: {id}");
        }
    }
}

type Kept = Mutex<Vec<Option<Principal>>>;

/// Keeps the caller, with its account, for a comparison without a request.
#[public]
#[get("/caller")]
async fn keep_caller(caller: Option<Principal>, kept: web::Data<Kept>) -> HttpResponse {
    kept.lock().unwrap().push(caller);
    HttpResponse::NoContent().finish()
}

#[actix_web::test]
async fn the_list_of_projects_equals_their_policy() {
    let registry = Registry::new().await;
    let kept = web::Data::new(Kept::default());
    let scope = registry.auth.scope("").app_data(kept.clone()).service(keep_caller);
    let app = init_service(App::new().service(scope)).await;
    let mut lines = vec![None];
    for user in [ADA, BEN, CAT, MOE] {
        lines.push(Some(registry.session(user).await));
    }
    for line in lines {
        let answer = call_service(&app, ask("GET", "/caller", line.as_deref(), "").to_request()).await;
        assert_eq!(answer.status(), 204);
    }
    let callers = std::mem::take(&mut *kept.lock().unwrap());
    let visible = assert_visible::<Project, Read>(&registry.service.pool, callers).await;
    let ids: Vec<Vec<i64>> = visible.iter().map(|rows| rows.iter().map(|row| row.id).collect()).collect();
    assert_eq!(ids, [vec![1, 5], vec![1, 2, 5], vec![1, 2, 5], vec![1, 3, 5], vec![1, 2, 3, 4, 5]]);
}

#[actix_web::test]
async fn hostile_tokens_are_refused() {
    let registry = Registry::new().await;
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let everything = |record: &mut TokenRecord| record.ceiling = Some(Rights::new().scopes(ALL_SCOPES));
    // Tokens that the application issued years ago, and sessions of another program.
    let (old, unlimited, expired) = (format!("mrp_{}", "a".repeat(60)), "mrp_unlimited", "mrp_expired");
    registry.write(0, &old, ADA, everything).await;
    registry.write(0, unlimited, ADA, |_| ()).await;
    registry.write(0, expired, ADA, |record| record.expires = Some(hour_ago)).await;
    let generate = || "mra_".parse::<TokenPrefix>().unwrap().generate().unwrap().expose_secret().to_owned();
    let (foreign, long_ago) = (generate(), generate());
    registry.write(1, &foreign, ADA, |_| ()).await;
    registry.write(1, &long_ago, ADA, |record| record.created = hour_ago).await;
    registry.write(1, "mra_unchecked", ADA, |_| ()).await;
    let (session, empty) = (registry.session(ADA).await, registry.pat(ADA, &[], &[]).await);
    let project = |line: &str| ask("GET", "/v2/project/2", Some(line), "");
    let user = |line: &str| ask("GET", "/v2/user", Some(line), "");
    let delete = |line: &str| ask("DELETE", "/v2/project/2", Some(line), "");
    let issue = |line: &str| ask("POST", "/v2/pat", Some(line), PAT);
    #[rustfmt::skip]
    let table = vec![
        ("a token without a checksum",        user(&old),                                        200),
        ("with another letter",               user(&format!("{old}b")),                          401),
        ("a record without a ceiling",        user(unlimited),                                   403),
        ("cannot delete",                     delete(unlimited),                                 403),
        ("an expired token",                  user(expired),                                     401),
        ("an empty ceiling cannot delete",    delete(&empty),                                    403),
        ("a session of another program",      user(&foreign),                                    200),
        ("a session without a checksum",      user("mra_unchecked"),                             401),
        ("a new session issues",              issue(&foreign),                                   201),
        ("an old session is a caller",        user(&long_ago),                                   200),
        ("an old session does not issue",     issue(&long_ago),                                  401),
        ("a token does not issue",            issue(&old),                                       401),
        ("a token in a header that is read elsewhere", user(&format!("Bearer {session}")),       401),
        ("a token as the second word",        user(&format!("token {session}")),                 401),
        ("two tokens",                        user(&session).append_header(("Authorization", old.clone())), 400),
        ("two tokens in a line",              user(&format!("{session}, {old}")),                401),
        ("an empty line",                     user(""),                                          400),
        ("the prefix only",                   user("mrp_"),                                      401),
        ("a token in the query",              ask("GET", &format!("/v2/user?authorization={session}"), None, ""), 401),
        ("a public object, by a wrong token", ask("GET", "/v2/project/1", Some("mrp_wrong"), ""), 401),
        ("the project is still there",        project(&session),                                 200),
    ];
    compare(&registry, table).await;
}

#[actix_web::test]
async fn denials_name_the_missing_scope() {
    let registry = Registry::new().await;
    let app = init_service(App::new().service(api(&registry.auth, &registry.service))).await;
    let reader = registry.pat(ADA, &["PROJECT_READ"], &[]).await;
    #[rustfmt::skip]
    let table = [
        ("PATCH",  "/v2/project/2",         CHANGE, "PROJECT_WRITE"),
        ("PATCH",  "/v2/project/9",         CHANGE, "PROJECT_WRITE"),
        ("POST",   "/v2/project/2/members", MEMBER, "PROJECT_WRITE"),
        ("DELETE", "/v2/project/2",         "",     "PROJECT_DELETE"),
        ("GET",    "/v2/user",              "",     "USER_READ"),
    ];
    for (method, path, body, scope) in table {
        let answer = call_service(&app, ask(method, path, Some(&reader), body).to_request()).await;
        assert_eq!(answer.status(), 403, "{method} {path}");
        let challenge = answer.headers().get("WWW-Authenticate").unwrap().to_str().unwrap().to_owned();
        assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
        assert!(challenge.contains(&format!(r#"scope="{scope}""#)), "{method} {path}: {challenge}");
    }
}

#[actix_web::test]
async fn issued_tokens_hold_at_most_what_their_caller_holds() {
    let registry = Registry::new().await;
    let app = init_service(App::new().service(api(&registry.auth, &registry.service))).await;
    let (ada, moe) = (registry.session(ADA).await, registry.session(MOE).await);
    let new = |scopes: &[&str], roles: &[&str]| {
        json!({ "name": "ci", "scopes": scopes, "roles": roles, "expires_in_days": 90 }).to_string()
    };
    #[rustfmt::skip]
    let table = [
        ("scopes of a session",      &ada, new(&["PROJECT_WRITE"], &[]),                Ok([404, 403, 403])),
        ("nothing",                  &ada, new(&[], &[]),                               Ok([404, 403, 403])),
        ("a role of another",        &ada, new(&[], &["moderator"]),                    Err(403)),
        ("an unknown role",          &ada, new(&[], &["admin"]),                        Err(403)),
        ("an unknown scope",         &ada, new(&["EVERYTHING"], &[]),                   Err(400)),
        ("the role of a moderator",  &moe, new(&["PROJECT_READ"], &["moderator"]),      Ok([200, 403, 204])),
        ("the scopes of one",        &moe, new(&["PROJECT_READ", "USER_READ"], &[]),    Ok([404, 200, 403])),
    ];
    for (case, session, body, expected) in table {
        let answer = call_service(&app, ask("POST", "/v2/pat", Some(session), &body).to_request()).await;
        let found = match answer.status().as_u16() {
            201 => {
                let issued: Value = read_body_json(answer).await;
                let token = issued["access_token"].as_str().unwrap().to_owned();
                assert!(token.starts_with("mrp_"), "{case}");
                // The draft of Cat, the user, and a moderation.
                let mut statuses = [0; 3];
                let requests = [
                    ask("GET", "/v2/project/3", Some(&token), ""),
                    ask("GET", "/v2/user", Some(&token), ""),
                    ask("POST", "/v2/moderation/2", Some(&token), VERDICT),
                ];
                for (status, request) in statuses.iter_mut().zip(requests) {
                    *status = call_service(&app, request.to_request()).await.status().as_u16();
                }
                Ok(statuses)
            }
            status => Err(status),
        };
        assert_eq!(found, expected, "{case}");
    }
}

#[actix_web::test]
async fn members_have_the_permissions_that_they_were_given() {
    let registry = Registry::new().await;
    let (ada, ben, cat) = (registry.session(ADA).await, registry.session(BEN).await, registry.session(CAT).await);
    let manage = projects::permissions::MANAGE_TEAM;
    registry.sql(&format!("UPDATE team_members SET permissions = {manage} WHERE user_id = {BEN}")).await;
    let add = |by: &str, user: i64, permissions: i64| {
        let member = json!({ "user_id": user, "permissions": permissions }).to_string();
        ask("POST", "/v2/project/2/members", Some(by), &member)
    };
    let edit = |by: &str| ask("PATCH", "/v2/project/2", Some(by), CHANGE);
    let delete = |by: &str| ask("DELETE", "/v2/project/2", Some(by), "");
    #[rustfmt::skip]
    let table = vec![
        ("ben has one permission",         edit(&ben),                                      404),
        ("ben gives another",              add(&ben, CAT, EDIT_ONLY),                       403),
        ("ben gives unknown ones",         add(&ben, CAT, -1),                              403),
        ("ben adds himself again",         add(&ben, BEN, manage),                          409),
        ("ben changes the owner",          add(&ben, ADA, 0),                               409),
        ("cat sees nothing yet",           ask("GET", "/v2/project/2", Some(&cat), ""),     404),
        ("ben adds cat",                   add(&ben, CAT, 0),                               204),
        ("cat sees the draft, at once",    ask("GET", "/v2/project/2", Some(&cat), ""),     200),
        ("and may do nothing",             edit(&cat),                                      404),
        ("ada adds a missing user",        add(&ada, 99, 0),                                400),
        ("ada still owns the project",     delete(&ada),                                    204),
        ("its team is gone",               edit(&ben),                                      404),
    ];
    compare(&registry, table).await;
}

#[actix_web::test]
async fn only_the_own_network_reindexes() {
    let registry = Registry::new().await;
    let from = |peer: &str| {
        let request = ask("POST", "/_internal/reindex", None, "").peer_addr(peer.parse().unwrap());
        request.insert_header(("Host", "127.0.0.1:8080"))
    };
    #[rustfmt::skip]
    let table = vec![
        ("the own network",       from("10.1.2.3:5000"),                                                        204),
        ("mapped to IPv6",        from("[::ffff:10.1.2.3]:5000"),                                               204),
        ("this machine",          from("127.0.0.1:5000"),                                                       403),
        ("another network",       from("203.0.113.7:5000"),                                                     403),
        ("a rebound host",        from("10.1.2.3:5000").insert_header(("Host", "evil.example")),                403),
        ("a forged header",       from("203.0.113.7:5000").insert_header(("X-Forwarded-For", "10.1.2.3")),      403),
        ("behind a proxy",        from("10.1.2.3:5000").insert_header(("X-Forwarded-For", "203.0.113.7")),      403),
    ];
    compare(&registry, table).await;
}

#[actix_web::test]
async fn every_rule_admits_exactly_its_callers() {
    let keys = Keys::new();
    let registry = Registry::with(|settings| settings.test_keys(&keys)).await;
    let app = App::new().service(api(&registry.auth, &registry.service));
    let undecided = MatrixTest::new(&keys).account(|| User::named("ada")).assert(app).await;
    // Tested above: whether a project exists and admits the caller, and sessions, because the matrix sends no login sessions.
    let is_unknown = |atom: &&String| !atom.contains(": authorized(Project, ") && !atom.starts_with("POST /v2/pat: ");
    assert_eq!(undecided.iter().filter(is_unknown).collect::<Vec<_>>(), [] as [&String; 0]);
    assert_eq!(undecided.len(), 8, "{undecided:?}");
}

#[actix_web::test]
async fn access_matches_the_reviewed_file() {
    let registry = Registry::new().await;
    assert_access(App::new().service(api(&registry.auth, &registry.service))).await;
}
