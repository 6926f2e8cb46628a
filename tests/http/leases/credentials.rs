//! Tests of the credential of a lease: its expiry, its identity, and its rights.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};
use auth_actix::Auth;
use auth_actix::dpop::Dpop;
use auth_actix::identity::{Grants, Rights};
use auth_actix::lease::Lease;
use auth_actix::require_permission;
use auth_actix::tokens::{ApiKeyFile, Tokens};
use auth_tests::server::Server;
use auth_tests::token::{bearer, now};
use auth_tests::wire::get as ask;
use serde_json::json;

use super::{known, lasts_of, proven, stream};
use crate::api_key::ApiKey;
use crate::{Permission, bearer_only};

#[require_permission("posts:write")]
#[get("/granted")]
async fn granted(lease: Lease) -> HttpResponse {
    stream(lease)
}

#[derive(Clone, Copy, auth_actix::Role)]
enum Author {
    Writer,
}

#[test]
fn lease_of_bound_token_ends_at_expiry_without_leeway() {
    let auth = bearer_only().dpop(Dpop::at("https://reports.example")).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(known));
    });
    let lasted =
        lasts_of(&server, &proven("/known", json!({"sub": "alice", "exp": now() + 2})), Duration::from_secs(6), || {});
    assert!(lasted.is_some_and(|lasted| lasted < Duration::from_millis(4_500)), "{lasted:?}");
}

/// A scheme whose badge can be passed to another user while a connection is open.
#[derive(Clone, Default)]
struct Badge(Arc<AtomicBool>, &'static str);

impl auth_actix::scheme::Authenticator for Badge {
    fn name(&self) -> &'static str {
        "Badge"
    }

    fn location(&self) -> auth_actix::scheme::CredentialLocation<'_> {
        auth_actix::scheme::CredentialLocation::Header("X-Badge")
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a actix_web::HttpRequest,
    ) -> auth_actix::LocalBoxFuture<
        'a,
        Result<auth_actix::identity::PrincipalBuilder, auth_actix::scheme::AuthenticateError>,
    > {
        let holder = match (self.0.load(Ordering::SeqCst), self.1) {
            (true, "another person") => auth_actix::Principal::builder("bob"),
            (true, "an actor") => auth_actix::Principal::builder("alice").claim("act", json!({"sub": "bob"})),
            _ => auth_actix::Principal::builder("alice"),
        };
        Box::pin(async move { Ok(holder) })
    }
}

#[test]
fn lease_ends_when_its_credential_changes_identity() {
    let threads = ["another person", "an actor", "a new badge of the same caller"].map(|case| {
        std::thread::spawn(move || {
            let badge = Badge(Arc::default(), case);
            let changed = Arc::clone(&badge.0);
            let auth = auth_actix::Auth::builder().realm("reports").scheme(badge).build().unwrap();
            let server = Server::start(move |config: &mut ServiceConfig| {
                config.service(auth.scope("").service(known));
            });
            let request = ask("/known").field("X-Badge", "7");
            (case, lasts_of(&server, &request, Duration::from_secs(4), || changed.store(true, Ordering::SeqCst)))
        })
    });
    for thread in threads {
        let (case, lasted) = thread.join().unwrap();
        assert_eq!(lasted.is_some(), case != "a new badge of the same caller", "{case}: {lasted:?}");
    }
}

#[test]
fn stream_ends_when_a_grant_is_withdrawn_for_each_scheme() {
    // S1: Basic and a bound token are not verified again, so the principal of the request stays in use.
    let most = Duration::from_secs(6);
    let mut threads = Vec::new();
    for scheme in ["Bearer", "Basic", "DPoP", "ApiKey"] {
        threads.push(std::thread::spawn(move || {
            let grants = Grants::<Author, Permission>::new();
            grants.replace("1", [("writer", "posts:write")]).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let keys = folder.path().join("keys");
            let key = ApiKey::new(7);
            std::fs::write(&keys, key.line("robot writer - -")).unwrap();
            let hash = auth_actix::password::hash_password(&"sesame".into()).unwrap();
            let users = auth_actix::password::UsersFile::parse(&format!("alice:{hash}:writer")).unwrap();
            let everything = auth_actix::Confers::everything;
            let auth = auth_actix::Auth::builder()
                .realm("reports")
                .bearer(crate::jwt().confers(everything()))
                .dpop(Dpop::at("https://reports.example"))
                .basic(
                    auth_actix::password::Basic::new(auth_actix::password::PasswordAuthenticator::new(users))
                        .confers(everything()),
                )
                .tokens(Tokens::api_key_file(ApiKeyFile::open(&keys).unwrap()).confers(Rights::everything()))
                .grants(&grants)
                .build()
                .unwrap();
            let server = Server::start(move |config: &mut ServiceConfig| {
                config.service(auth.scope("").service(granted));
            });
            let ask = ask("/granted");
            let request = match scheme {
                "Bearer" => ask.authorization(bearer(json!({"sub": "alice", "roles": ["writer"]}))),
                "Basic" => ask.authorization(auth_tests::token::basic("alice", "sesame")),
                "ApiKey" => ask.field("X-API-Key", &key.text),
                _ => proven("/granted", json!({"sub": "alice", "roles": ["writer"]})),
            };
            let then = || grants.replace("2", [("", ""); 0]).unwrap();
            (scheme, lasts_of(&server, &request, most, then))
        }));
    }
    for thread in threads {
        let (scheme, lasted) = thread.join().unwrap();
        assert!(lasted.is_some_and(|lasted| lasted < Duration::from_millis(2_500)), "{scheme}: {lasted:?}");
    }
}

/// Tests that a lease verifies the API key of its request again (P41). A key is withdrawn by deleting its line from the file.
#[test]
fn stream_ends_when_its_api_key_is_withdrawn() {
    let threads = [("its own key", true), ("the key of another program", false)].map(|(case, ends)| {
        std::thread::spawn(move || {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("keys");
            let [own, other] = [1, 2].map(ApiKey::new);
            let (own_line, other_line) = (own.line("robot - - -"), other.line("backup - - -"));
            std::fs::write(&path, format!("{own_line}{other_line}")).unwrap();
            let keys = ApiKeyFile::open_with_interval(&path, Duration::from_millis(20)).unwrap();
            let auth = Auth::builder().realm("reports").tokens(Tokens::api_key_file(keys)).build().unwrap();
            let server = Server::start(move |config: &mut ServiceConfig| {
                config.service(auth.scope("").service(known));
            });
            let request = ask("/known").field("X-API-Key", &own.text);
            let kept = if ends { other_line } else { own_line };
            let then = || std::fs::write(&path, kept).unwrap();
            (case, ends, lasts_of(&server, &request, Duration::from_secs(4), then))
        })
    });
    for thread in threads {
        let (case, ends, lasted) = thread.join().unwrap();
        assert_eq!(lasted.is_some_and(|lasted| lasted < Duration::from_millis(2_500)), ends, "{case}: {lasted:?}");
    }
}
