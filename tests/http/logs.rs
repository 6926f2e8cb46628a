//! Tests of what is logged about a request, and of what is never logged.

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::middleware::Logger;
use actix_web::web::ServiceConfig;
use actix_web::{get, post, web};
use auth_actix::jwt::{Algorithm, Key};
use auth_actix::password::{Basic, User, hash_password};
use auth_actix::{
    Auth, Claims, Confers, Jwt, Principal, guarded, public, require, require_auth, require_role, require_scope, rule,
};
use auth_tests::logs;
use auth_tests::server::Server;
use auth_tests::token::{SECRET, basic, basic_of, bearer, now, token, token_of};
use auth_tests::wire::{Request, get, request};
use serde::Deserialize;
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Role, TokenScope, jwt};

#[derive(Deserialize)]
#[allow(dead_code, reason = "only read into")]
struct Ours {
    org: u32,
}

#[require_role("admin")]
#[get("/role")]
async fn logged_role(caller: Principal) -> String {
    format!("{caller:?}")
}

#[require_auth]
#[post("/any")]
async fn logged_any(_body: String) -> &'static str {
    "any"
}

#[require(scope("read:reports") || role("admin"))]
#[get("/scope")]
async fn logged_scope() -> &'static str {
    "scope"
}

#[require_auth(max_age = "300s")]
#[get("/fresh")]
async fn logged_fresh() -> &'static str {
    "fresh"
}

#[public]
#[get("/open")]
async fn logged_open(caller: Option<Principal>) -> String {
    format!("{caller:?}")
}

#[require_auth]
#[get("/claims")]
async fn logged_claims(_ours: Claims<Ours>) -> &'static str {
    "claims"
}

#[public]
#[get("/maybe-claims")]
async fn logged_maybe_claims(ours: Option<Claims<Ours>>) -> String {
    ours.is_some().to_string()
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn logged_hidden() -> &'static str {
    "hidden"
}

#[require_auth]
async fn logged_plain() -> &'static str {
    "plain"
}

#[require_scope("read:reports")]
#[get("/ruled")]
async fn logged_ruled() -> &'static str {
    "ruled"
}

/// Registered for every method.
#[public]
async fn logged_any_claims(ours: Option<Claims<Ours>>) -> String {
    ours.is_some().to_string()
}

async fn served() -> &'static str {
    "served"
}

fn auth() -> Auth {
    let tokens = jwt().confers(Confers::everything());
    let auth = Auth::builder()
        .realm("reports")
        .bearer(tokens)
        .basic(Basic::new(Staff::default()).confers(Confers::everything()));
    auth.roles::<Role>().build().unwrap()
}

/// Serializes tests that count lines of the same handlers.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    logs::capture();
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serving() -> Server {
    let auth = auth();
    Server::start(move |config: &mut ServiceConfig| {
        let api =
            auth.scope("/api").service(logged_role).service(logged_any).service(logged_scope).service(logged_fresh);
        let api = api
            .service(logged_open)
            .service(logged_claims)
            .service(logged_maybe_claims)
            .route("/any-claims", auth_actix::web::route().to(logged_any_claims));
        let api = api.service(guarded(rule!(role("admin")), web::resource("/served").to(served)));
        let hiding = auth.scope("/hiding").service(logged_hidden);
        let ruled = auth.scope("/ruled").require(rule!(role("viewer"))).service(logged_ruled);
        config.service(web::scope("/in").wrap(Logger::default()).service(api).service(hiding).service(ruled));
        config.route("/without", web::to(logged_plain));
    })
}

#[test]
fn logs_responses_and_debug_output_contain_no_secrets() {
    // LOG-1, LOG-2, LOG-5, T36. Everything that is or may be secret contains a marker.
    let _turn = turn();
    let server = serving();
    const MARK: &str = "c4nary";
    let (ill_typed, foreign) = (json!({ "org": MARK, "sub": "alice", "note": MARK }), [8; 32]);
    let mark = |name: &str| format!("{MARK}-{name}");
    let kid = {
        let header = jsonwebtoken::Header {
            kid: Some(mark("kid")),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &json!({ "sub": mark("sub") }), &jsonwebtoken::EncodingKey::from_secret(&SECRET))
            .unwrap()
    };
    let tokens = [
        token(ill_typed.clone()),
        token(
            json!({ "roles": ["admin", MARK], "scope": "read:reports", "auth_time": now(), "note": MARK, "org": MARK }),
        ),
        token(json!({ "exp": now() - 3600, "note": MARK })),
        token(json!({ "exp": MARK })),
        // The audience and issuer of a signed token are logged. They are not secret, and are the most common errors.
        token(json!({ "aud": "another-audience", "note": MARK })),
        token(json!({ "scope": [MARK] })),
        token(json!({ "roles": MARK })),
        token(json!({ "act": { "sub": MARK } })),
        token_of("https://another.example", &SECRET, json!({ "note": MARK })),
        token_of("https://id.example", &foreign, json!({ "sub": MARK })),
        kid,
        "c4nary.c4nary.c4nary".to_owned(),
        "c4nary".to_owned(),
    ];
    let mut lines: Vec<Vec<u8>> = tokens.iter().map(|token| format!("Bearer {token}").into_bytes()).collect();
    lines.extend([
        b"Bearer c4nary\xe9".to_vec(),
        b"Bearer c4nary c4nary".to_vec(),
        b"c4nary c4nary".to_vec(),
        b"Digest c4nary=\"c4nary\"".to_vec(),
        basic("alice", &mark("password")).into_bytes(),
        basic(&mark("user"), PASSWORD).into_bytes(), // LOG-4: may be a password in the wrong field
        basic("down", &mark("password")).into_bytes(),
        basic("alice", PASSWORD).into_bytes(),
        basic_of(b"c4nary").into_bytes(),
        basic_of(b"alice:c4nary\0").into_bytes(),
    ]);
    let paths = [
        "/in/api/role",
        "/in/api/scope",
        "/in/api/fresh",
        "/in/api/open",
        "/in/api/claims",
        "/in/api/maybe-claims",
        "/in/api/served",
        "/in/hiding/hidden",
        "/in/hiding/nothing",
        "/in/ruled/ruled",
        "/without",
    ];
    let (mut answers, mut hashed) = (0, 0);
    for line in &lines {
        let hashes = line.starts_with(b"Basic") && line.len() < 100 && std::str::from_utf8(line).is_ok();
        for path in paths {
            hashed += usize::from(hashes);
            if hashes && hashed > 15 && path != "/in/api/role" {
                continue; // each costs a hash
            }
            for accept in ["*/*", "text/html"] {
                let asked = get(path).authorization(line).field("Accept", accept).field("Cookie", "sid=c4nary");
                let answer = server.send(&asked);
                assert!(!format!("{answer:?}").contains(MARK), "{path}: {answer:?}");
                answers += 1;
                if hashes {
                    break;
                }
            }
        }
        let query = server.send(&get("/without?access_token=c4nary").authorization(line));
        assert!(query.status == 500 && !format!("{query:?}").contains(MARK));
        let twice = request("POST", "/in/api/any").authorization(line).authorization("Bearer c4nary").body("c4nary");
        assert_eq!(server.send(&twice).status, 400);
    }
    assert!(answers > 300, "{answers}");
    let written = logs::lines();
    assert!(written.iter().filter(|line| line.target == "auth_actix").count() > 200);
    let named = |text: &str| written.iter().any(|line| line.field("denial").contains(text));
    assert!(named(r#"/aud is "another-audience"; accepted: "reports""#) && named(r#"it is "https://another.example""#));
    let secrets: Vec<String> = tokens
        .iter()
        .flat_map(|token| token.split('.').filter(|part| part.len() > 5).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    // The header of a token is not secret, and is the same for all tokens.
    let secrets = secrets.into_iter().filter(|part| !part.starts_with("eyJ0eXAiOiJKV1QiL")).chain([
        MARK.to_owned(),
        PASSWORD.to_owned(),
        basic("alice", PASSWORD),
    ]);
    for secret in secrets {
        let leak = written.iter().find(|line| line.fields.iter().any(|(_, value)| value.contains(&secret)));
        assert!(leak.is_none(), "{secret}: {leak:?}");
    }
    // `Debug` output of types that contain a secret, as in a panic or a stray `dbg!`.
    let secret = "c4nary-c4nary-c4nary-c4nary-c4nary-c4nary";
    let hash = hash_password(&secret.into()).unwrap();
    let user = User::new(hash.as_str()).unwrap();
    let jwt = || Jwt::hs256(secret).issuer("a").audience("b").confers(Confers::everything());
    let builder = Auth::builder().bearer(jwt()).basic(Basic::new(Staff::default()).confers(Confers::everything()));
    #[rustfmt::skip]
    let shown = [
        format!("{:?}", Key::secret(Algorithm::HS256, secret)), format!("{:?}", jwt()), format!("{builder:?}"), format!("{:?}", builder.build().unwrap()),
        format!("{user:?}"), format!("{:?}", Basic::new(Staff::default())), format!("{:?}", Jwt::hs256("c4nary").issuer("a").audience("b")),
        format!("{:?}", Auth::builder().bearer(Jwt::hs256("c4nary").issuer("a").audience("b")).build().map(drop)),
        format!("{:?}", auth_actix::test::Caller::user("a").claim("note", secret).principal()),
    ];
    for text in shown {
        assert!(!text.contains("c4nary") && !text.contains(&hash) && !text.contains("99, 52, 110"), "{text}");
    }
}

#[test]
fn each_denial_is_logged_once_with_reason_and_location() {
    // LOG-3, in part: problem, formula, failed literals, handler, file and line
    let _turn = turn();
    let server = serving();
    let viewer = || bearer(json!({ "roles": ["viewer"] }));
    let by = |path: &str, authorization: String| get(path).authorization(authorization);
    #[rustfmt::skip]
    let table: Vec<(Request, u16, &str, &str, &str)> = vec![
        // (request, status, handler, its rule, the denial in the log)
        (get("/in/api/role"), 401, "logged_role", r#"role("admin")"#, r#"missing-credentials: no role("admin")"#),
        (by("/in/api/role", viewer()), 403, "logged_role", r#"role("admin")"#, r#"insufficient-permissions: no role("admin")"#),
        (by("/in/api/role", "Bearer x".into()), 401, "logged_role", r#"role("admin")"#, "invalid-credentials: the token does not have three parts"),
        (by("/in/api/role", bearer(json!({ "exp": 1 }))), 401, "logged_role", r#"role("admin")"#, "expired-credentials: the token has expired"),
        (by("/in/api/role", "Bearer".into()), 400, "logged_role", r#"role("admin")"#, "malformed-credentials: the credentials are not token68"),
        (by("/in/api/role", basic("victor", "guess")), 401, "logged_role", r#"role("admin")"#, "invalid-credentials: the name or the password is wrong"),
        (by("/in/api/role", basic("down", "x")), 503, "logged_role", r#"role("admin")"#, "authentication-unavailable: the store of users is unavailable"),
        (by("/in/api/scope", viewer()), 403, "logged_scope", r#"scope("read:reports") || role("admin")"#, r#"insufficient-scope: no scope("read:reports"), no role("admin")"#),
        (by("/in/api/fresh", viewer()), 401, "logged_fresh", r#"max_age("5m")"#, r#"step-up-required: no max_age("5m")"#),
        (request("POST", "/in/api/any").authorization(basic("alice", "x")).field("Origin", "null"), 403, "logged_any", "authenticated", "cross-site-request"),
        (by("/in/api/open", "Bearer x".into()), 401, "logged_open", "public", "invalid-credentials: the token does not have three parts"),
        (get("/in/hiding/hidden"), 404, "logged_hidden", r#"role("admin")"#, r#"missing-credentials: no role("admin")"#),
        (by("/in/ruled/ruled", bearer(json!({ "scope": "read:reports" }))), 403, "logged_ruled", r#"scope("read:reports")"#, r#"insufficient-permissions: no role("viewer")"#),
        (get("/without"), 500, "logged_plain", "authenticated", "set-up: no `Auth` found"),
    ];
    let of = logs::of_handler;
    let mut wrong = Vec::new();
    for (asked, status, handler, rule, denial) in table {
        let before = of(handler).len();
        let answer = server.send(&asked);
        assert_eq!(answer.status, status, "{denial}: {answer:?}");
        let said = of(handler).split_off(before);
        let [line] = said.as_slice() else {
            wrong.push(format!("{handler}, {denial}: {} lines", said.len()));
            continue;
        };
        let level = if status >= 500 { tracing::Level::ERROR } else { tracing::Level::INFO };
        let place = line.field("file").ends_with("http/logs.rs")
            && line.field("line").parse::<u32>().is_ok_and(|line| line > 20);
        let fits =
            line.level == level && line.field("rule") == rule && line.field("denial").starts_with(denial) && place;
        let problem = denial.split(':').next().unwrap();
        if !fits
            || line.field("problem") != problem
            || line.field("method") != if handler == "logged_any" { "POST" } else { "GET" }
        {
            wrong.push(format!("{handler}, {denial}: {line:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A guarded service logs the location of its rule.
    let before = of("logs::scope").len();
    assert_eq!(server.send(&by("/in/api/served", viewer())).status, 403);
    let said = of("logs::scope").split_off(before);
    assert!(
        matches!(said.as_slice(), [line] if line.field("rule") == r#"role("admin")"# && line.field("file").ends_with("http/logs.rs")),
        "{said:?}"
    );
}

#[test]
fn granted_requests_are_not_logged_as_denied() {
    let _turn = turn();
    let server = serving();
    // The method distinguishes these lines from those of other tests.
    let refused = || logs::lines().iter().filter(|line| line.field("method") == "GRANTED").count();
    for (claims, expected) in [(json!({ "org": 7 }), "true"), (json!({ "org": "x" }), "false"), (json!({}), "false")] {
        let granted = server.send(&request("GRANTED", "/in/api/any-claims").authorization(bearer(claims)));
        assert_eq!((granted.status, granted.text()), (200, expected));
        assert_eq!(refused(), 0, "a granted request is logged as refused");
    }
}

#[test]
fn mistyped_claims_denial_is_logged_with_its_handler() {
    // LOG-3: a denial names the handler, its rule and its line, not the location in our crates where it was detected
    let _turn = turn();
    let server = serving();
    let before = logs::of_handler("logged_claims").len();
    assert_eq!(server.send(&get("/in/api/claims").authorization(bearer(json!({ "org": "x" })))).status, 403);
    let said = logs::of_handler("logged_claims").split_off(before);
    assert!(
        matches!(said.as_slice(), [line] if line.field("rule") == "authenticated" && line.field("file").ends_with("http/logs.rs")),
        "{said:?}"
    );
}

#[test]
fn denied_login_is_logged_without_a_library_source_location() {
    let _turn = turn();
    let auth =
        Auth::builder().realm("no file").session(auth_actix::session::Sessions::memory()).users(Staff::default());
    let auth = auth.build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(auth.login()));
    });
    let before = logs::of_handler("a login").len();
    let form = request("POST", "/login").field("Sec-Fetch-Site", "same-origin");
    let form = form.field("Content-Type", "application/x-www-form-urlencoded").body("username=alice&password=wrong");
    assert_eq!(server.send(&form).status, 401);
    let said = logs::of_handler("a login").split_off(before);
    let places = said.iter().map(|line| (line.field("file"), line.field("line"))).collect::<Vec<_>>();
    assert!(!places.is_empty() && places.iter().all(|place| *place == ("", "")), "{said:?}");
}

#[test]
fn request_data_cannot_inject_log_lines() {
    // LOG-4
    let _turn = turn();
    let server = serving();
    let text = "x\n2026-01-01 INFO forged\r\u{1b}[31m\u{2028}\u{85}\u{202e}";
    let claims = [
        json!({ "sub": text, "roles": [text] }),
        json!({ "sub": "a", "org": text }),
        json!({ "exp": text }),
        json!({ "act": { "sub": text } }),
    ];
    let mut lines: Vec<String> = claims.into_iter().map(bearer).collect();
    lines.push(basic("x\u{2028}INFO\u{202e}", "pw"));
    lines.push(format!("Bearer {}", token_of(text, &[8; 32], json!({}))));
    for line in &lines {
        for path in
            ["/in/api/role", "/in/api/claims", "/in/hiding/hidden", "/without", "/in/api/role?x=%0d%0aINFO%20forged"]
        {
            server.send(
                &get(path)
                    .authorization(line)
                    .field("User-Agent", "forged \u{202e}")
                    .field("X-Request-Id", "\u{2028}forged"),
            );
        }
    }
    for method in ["FORGED", "INFO!forged", "'*+-.^_`|~"] {
        server.send(&request(method, "/without"));
    }
    let ours = logs::lines().into_iter().filter(|line| line.target.starts_with("auth"));
    for line in ours {
        for (name, value) in &line.fields {
            let breaks = |character: char| {
                character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
            };
            assert!(!value.contains(breaks) && value.len() < 600, "{name}: {value:?}");
            // A verified identity is logged, encoded. An unverified claim is not.
            assert!(!value.contains("forged") || ["caller", "method"].contains(&name.as_str()), "{name}: {value:?}");
        }
    }
}
