//! Tests of the response table in the README: each line is requested and compared.

use std::path::Path;

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::blocklist::Blocklist;
use auth_actix::client::{Countries, Database, ForwardingHeader};
use auth_actix::identity::Rights;
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::session::Sessions;
use auth_actix::throttle::Throttle;
use auth_actix::tokens::{MemoryTokenStore, Tokens};
use auth_actix::{
    Auth, Confers, at, deny_country, public, require_auth, require_network, require_permission, require_role,
    require_scope,
};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, basic, bearer, now};
use auth_tests::wire::{Answer, Request, get, request};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Permission, Role, TokenScope, jwt};

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

#[require_auth]
#[post("/me")]
async fn change() -> &'static str {
    "changed"
}

#[require_auth(max_age = "5m")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

#[require_auth(direct)]
#[get("/direct")]
async fn direct() -> &'static str {
    "direct"
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[require_permission("posts:write")]
#[get("/posts")]
async fn posts() -> &'static str {
    "posts"
}

#[require_scope("read:reports")]
#[get("/scoped")]
async fn scoped() -> &'static str {
    "scoped"
}

#[public]
#[require_network("10.0.0.0/8")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[public]
#[deny_country("KP")]
#[get("/downloads")]
async fn downloads() -> &'static str {
    "downloads"
}

#[public]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

struct Place {
    server: Server,
}

fn place() -> Place {
    let keys = Tokens::named("key").prefix("key_").store(MemoryTokenStore::new(100));
    let blocks = Blocklist::memory();
    for line in [
        format!("revoke token {ISSUER} revoked {}", now() + 3600),
        format!("block token {ISSUER} blocked"),
        format!("block subject user:{}:{ISSUER}:dismissed", ISSUER.len()),
        "block address 203.0.113.66".to_owned(),
    ] {
        blocks.add(line.parse().unwrap()).unwrap();
    }
    let all = Confers::everything;
    let users = PasswordAuthenticator::new(Staff::default()).throttle(Throttle::off());
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/geoip/odd.mmdb");
    let auth = Auth::builder()
        .realm("reports")
        .bearer(jwt().confers(all()))
        .basic(Basic::new(users).confers(all()))
        .tokens(keys.confers(Rights::new()).places([at::header("X-Api-Key")]))
        .session(Sessions::memory().confers(all()))
        .roles::<Role>()
        .login_page("/login")
        .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor)
        .hosts(["localhost"])
        .countries(Countries::database(Database::open(database).unwrap()))
        .blocks(blocks)
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope =
            auth.scope("").service(me).service(change).service(fresh).service(direct).service(admin).service(posts);
        let scope = scope.service(scoped).service(inside).service(downloads).service(open);
        config.service(scope.service(auth.login()).service(auth.logout("/logout")));
    });
    Place { server }
}

const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

impl Place {
    fn from(&self, address: &str, request: Request) -> Answer {
        self.server.send(&request.field("X-Forwarded-For", address))
    }

    fn send(&self, request: Request) -> Answer {
        self.from("192.0.2.1", request)
    }

    fn login(&self, name: &str, password: &str) -> Answer {
        let form = format!("username={name}&password={}", password.replace(' ', "+"));
        let request = request("POST", "/login").fields(&[OURS, ("Content-Type", "application/x-www-form-urlencoded")]);
        self.send(request.body(form))
    }

    fn session(&self, name: &str) -> String {
        let answer = self.login(name, PASSWORD);
        let set = answer.lines("set-cookie");
        set[0].split(';').next().unwrap().to_owned()
    }

    /// Sends the request of the table line with this name.
    fn ask(&self, why: &str) -> Answer {
        let token = |members: serde_json::Value| bearer(members);
        let by = |path: &str, members: serde_json::Value| self.send(get(path).authorization(token(members)));
        match why {
            "no credential" => self.send(get("/me")),
            "no session, browser navigation" => self.send(get("/me").field("Sec-Fetch-Mode", "navigate")),
            "no session, htmx request" => {
                let answer = self.send(get("/me").field("HX-Request", "true"));
                assert_eq!(answer.field("hx-redirect"), Some("/login?return_to=/"));
                // The fragment has no problem type. It would be the one of the JSON response.
                Answer { body: self.send(get("/me")).body, ..answer }
            }
            "wrong password in a header" => self.send(get("/me").authorization(basic("alice", "guess"))),
            "wrong password in the form" => self.login("alice", "guess"),
            "malformed token" => self.send(get("/me").authorization("Bearer abc")),
            "invalid signature" => {
                let good = token(json!({}));
                let (rest, signature) = good.rsplit_once('.').unwrap();
                let forged: String = signature.chars().rev().collect();
                self.send(get("/me").authorization(format!("{rest}.{forged}")))
            }
            "expired token" => by("/me", json!({ "exp": now() - 3600 })),
            "revoked token" => by("/me", json!({ "jti": "revoked" })),
            "ended session" => {
                let cookie = self.session("alice");
                let out = self.send(request("POST", "/logout").field("Cookie", &cookie).fields(&[OURS]));
                assert_eq!(out.status, 204);
                let answer = self.send(get("/me").field("Cookie", &cookie));
                assert!(answer.field("set-cookie").unwrap().ends_with("Max-Age=0"));
                answer
            }
            "unknown API key" => self.send(get("/me").field("X-Api-Key", "key_abc")),
            "login too old" => by("/fresh", json!({ "auth_time": now() - 3600 })),
            "missing role" => by("/admin", json!({ "roles": ["viewer"] })),
            "missing permission" => self.send(get("/posts").field("Cookie", self.session("victor"))),
            "missing scope" => by("/scoped", json!({ "scope": "write:reports" })),
            "delegated token" => by("/direct", json!({ "act": { "sub": "bob" } })),
            "wrong network" => self.send(get("/inside")),
            "denied country" => self.from("198.51.100.7", get("/downloads")),
            "unknown country" => self.from("8.8.8.8", get("/downloads")),
            "blocked address" => self.from("203.0.113.66", get("/open")),
            "blocked subject" => by("/me", json!({ "sub": "dismissed" })),
            "blocked token" => by("/me", json!({ "jti": "blocked" })),
            "cross-site request" => {
                let forged = request("POST", "/me").field("Cookie", self.session("alice"));
                self.send(forged.field("Sec-Fetch-Site", "cross-site").body(""))
            }
            unknown => panic!("the README has a line without a request: {unknown}"),
        }
    }
}

#[test]
fn readme_denial_table_matches_actual_responses() {
    let readme = include_str!("../../README.md");
    let table = readme.split("## Every 401 and 403").nth(1).and_then(|rest| rest.split("\nThe other statuses").next());
    let lines = table
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| why") && !line.contains("---"));
    let place = place();
    let mut count = 0;
    for line in lines {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [why, _, _, answer] = cells.as_slice() else { panic!("not four cells: {line}") };
        let found = place.ask(why);
        assert_eq!(found.status.to_string(), answer[..3], "{why}: {found:?}");
        let words: Vec<_> = answer.split('`').skip(1).step_by(2).collect();
        let challenges = found.lines("www-authenticate").join(", ");
        match (words.as_slice(), found.status) {
            ([problem, ..], 401 | 403) if why != &"wrong password in the form" => {
                assert_eq!(found.problem(), *problem, "{why}: {found:?}");
                assert_eq!(
                    found.field("content-type").unwrap_or_default().starts_with("text/html"),
                    why.contains("htmx")
                );
            }
            _ => {}
        }
        for scheme in
            ["Bearer", "Basic", "ApiKey", "Session"].into_iter().filter(|_| answer.contains("a challenge for each"))
        {
            assert!(challenges.contains(&format!("{scheme} realm=\"reports\"")), "{why}: {challenges}");
        }
        for word in words.iter().skip(1) {
            let shown = format!("{challenges} {:?}", found.fields);
            let header = shown.contains(*word)
                || shown.to_lowercase().contains(&word.to_lowercase())
                || found.text().contains(word);
            assert!(header, "{why}: {word} in {found:?}");
        }
        count += 1;
    }
    assert_eq!(count, 23);
    let _ = (Permission::PostsWrite, TokenScope::Read, Role::Suspended);
}
