//! Tests of the token cache: facts that can change between two requests with the same token are checked each time.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::blocklist::{BlockEntry, Blocklist};
use auth_actix::identity::{Grants, Timestamp};
use auth_actix::jwt::TokenCache;
use auth_actix::{Auth, BuildError, Id, Peer, Principal, require_auth, require_permission};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, bearer, now};
use auth_tests::wire::get as ask;
use serde_json::json;

use crate::{Permission, Role, jwt};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.local_subject().into_owned()
}

#[require_permission("posts:write")]
#[get("/write")]
async fn write() -> &'static str {
    "written"
}

fn remembering() -> auth_actix::AuthBuilder {
    Auth::builder().bearer(jwt()).roles::<Role>().token_cache(TokenCache::new().secrets())
}

#[test]
fn cached_tokens_still_honor_revocation_blocks_and_grants() {
    // H8
    static TOKENS: AtomicUsize = AtomicUsize::new(0);
    let (blocks, grants) = (Blocklist::memory(), Grants::<Role, Permission>::new());
    let auth = remembering().blocks(blocks.clone()).client_address(Peer).grants(&grants).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(write));
    });
    let token = |subject: &str| {
        let jti = TOKENS.fetch_add(1, Ordering::Relaxed).to_string();
        (bearer(json!({"sub": subject, "jti": jti, "iat": now() - 5, "roles": ["viewer"]})), jti)
    };
    let status = |path: &str, token: &str| server.send(&ask(path).authorization(token)).status;
    let twice = |path: &str, token: &str| (status(path, token), status(path, token));
    let ((one, jti), (two, _), (three, _)) = (token("alice"), token("alice"), token("bob"));
    for token in [&one, &two, &three] {
        assert_eq!(twice("/me", token), (200, 200));
    }
    let expires = Timestamp::from_seconds(now() + 3600);
    blocks.add(BlockEntry::RevokeToken { issuer: ISSUER.to_owned(), jti, expires }).unwrap();
    assert_eq!((status("/me", &one), status("/me", &two), status("/me", &three)), (401, 200, 200));
    blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap();
    assert_eq!((status("/me", &two), status("/me", &three)), (403, 200));
    blocks
        .add(BlockEntry::RevokeSubject { id: Id::user(ISSUER, "bob"), since: Timestamp::from_seconds(now()) })
        .unwrap();
    assert_eq!(status("/me", &three), 401);
    // The current grants of roles.
    let (token, _) = token("carol");
    assert_eq!(twice("/write", &token), (403, 403));
    grants.replace("1", [("viewer", "posts:write")]).unwrap();
    assert_eq!(twice("/write", &token), (200, 200));
    grants.replace("2", [("", ""); 0]).unwrap();
    assert_eq!(twice("/write", &token), (403, 403), "taken back");
}

#[test]
fn token_cache_is_separate_for_each_auth() {
    // H6
    let other = jwt().audience("other");
    let (mine, theirs) = (remembering(), Auth::builder().bearer(other).token_cache(TokenCache::new().secrets()));
    let strict = auth_actix::Jwt::hs256([9; 32]).issuer(ISSUER).audience("reports");
    let strict = Auth::builder().bearer(strict).token_cache(TokenCache::new().secrets()).build().unwrap();
    let (mine, theirs) = (mine.build().unwrap(), theirs.build().unwrap());
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(mine.scope("/mine").service(me)).service(theirs.scope("/theirs").service(me));
        config.service(strict.scope("/strict").service(mine.scope("/inner").service(me)));
        config.service(strict.scope("/alone").service(me));
    });
    let token = bearer(json!({"sub": "alice"}));
    let status = |path: &str| server.send(&ask(path).authorization(&token)).status;
    for _ in 0..2 {
        let found = ["/mine/me", "/theirs/me", "/strict/inner/me", "/alone/me"].map(status);
        assert_eq!(found, [200, 200, 200, 401]);
    }
    let built = Auth::builder().bearer(jwt()).token_cache(TokenCache::new().entries(1)).build();
    assert!(matches!(built, Err(BuildError::TokenCache(_))));
}
