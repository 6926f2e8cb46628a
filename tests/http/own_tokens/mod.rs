//! Tests of tokens that the application issues: where they are read, which source they belong to, and which rights they have.

mod accounts;
mod api_key_files;
mod issue;
mod jwt_places;
mod limits;
mod lookups;
mod settings;
mod uncounted;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::identity::{All, Rights};
use auth_actix::tokens::{
    MemoryTokenStore, Owner, StoreUnavailable, TokenAdmin, TokenDigest, TokenId, TokenPrefix, TokenRecord, TokenStore,
    Tokens,
};
use auth_actix::{
    Auth, AuthBuilder, BoxFuture, Confers, Jwt, Principal, at, require_auth, require_role, require_scope,
};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, bearer, token};
use auth_tests::wire::{Answer, Request, get as ask};
use serde_json::json;

use crate::{Role, TokenScope};

#[require_auth]
#[get("/me")]
async fn get_me(caller: Principal) -> String {
    format!("{} {}", caller.scheme().name(), caller.id())
}

#[require_role("admin")]
#[get("/admin")]
async fn get_admin() -> &'static str {
    "admin"
}

#[require_scope("read:reports")]
#[get("/reports")]
async fn get_reports() -> &'static str {
    "reports"
}

#[require_auth(scheme = "api-key")]
#[get("/keys-only")]
async fn keys_only() -> &'static str {
    "keys only"
}

#[require_auth(scheme = "bearer")]
#[get("/jwts-only")]
async fn jwts_only() -> &'static str {
    "JWTs only"
}

/// A store that counts its lookups, and is unavailable for one digest.
#[derive(Clone)]
struct Counted {
    tokens: Arc<MemoryTokenStore>,
    lookups: Arc<AtomicUsize>,
}

/// A token whose lookup fails.
const AWAY: &str = "pat_away";

impl TokenStore for Counted {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        if *digest == TokenDigest::sha256(AWAY.as_bytes()) {
            return Box::pin(std::future::ready(Err(StoreUnavailable)));
        }
        self.tokens.find(digest)
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        self.tokens.touch(id, at)
    }

    fn admin(&self) -> Option<&dyn TokenAdmin> {
        self.tokens.admin()
    }
}

impl Counted {
    fn new() -> Self {
        Self { tokens: Arc::new(MemoryTokenStore::new(1000)), lookups: Arc::default() }
    }

    fn lookups(&self) -> usize {
        self.lookups.swap(0, Ordering::SeqCst)
    }

    fn add(&self, token: &str, change: impl FnOnce(&mut TokenRecord)) -> TokenId {
        let (id, owner) = (TokenId::generate().unwrap(), Owner::Client("backup".into()));
        let mut record = TokenRecord::new(id.clone(), owner, SystemTime::now());
        record.ceiling = Some(Rights::new().roles(["admin"]).scopes(["read:reports"]));
        change(&mut record);
        let digest = TokenDigest::sha256(token.as_bytes());
        futures_lite(self.tokens.insert(&digest, record)).unwrap();
        id
    }
}

/// Runs a future of a store in memory, which is ready at once.
fn futures_lite<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}

fn serve(builder: AuthBuilder) -> Server {
    let auth = builder.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_me).service(get_admin).service(get_reports));
    })
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE).confers(Confers::everything())
}

fn personal(store: &Counted) -> Tokens {
    Tokens::named("personal").prefix("pat_").store(store.clone()).confers(Rights::new().roles(["admin"]).scopes(All))
}

fn found(answer: &Answer) -> String {
    match answer.status {
        200 => answer.text().to_owned(),
        status => format!("{status} {}", answer.problem()),
    }
}

const MASTER: &str = "master-secret-of-16-bytes-or-more";
const CLIENT: &str = "ApiKey client:14:token:personal:backup";
const FIXED: &str = "ApiKey client:12:token:master:master";
const UNKNOWN: &str = "401 invalid-credentials";
const MALFORMED: &str = "400 malformed-credentials";

#[test]
fn tokens_are_read_in_their_places_only() {
    // TOKEN-1, TOKEN-3, TOKEN-11
    let store = Counted::new();
    let issued = "pat_".parse::<TokenPrefix>().unwrap().generate().unwrap();
    let issued = auth_actix::tokens::ExposeSecret::expose_secret(&issued).to_owned();
    store.add(&issued, |_| {});
    store.add("apikey:1.2:3", |_| {});
    let old = Tokens::named("old").prefix("apikey:").accept_unchecked().store(store.clone());
    let old = old.confers(Rights::new()).places([at::bare_authorization(), at::bearer()]);
    let builder = Auth::builder().bearer(jwt()).tokens(old);
    let builder = builder.tokens(personal(&store).places([at::header("X-Api-Key"), at::bearer()]));
    let master = Tokens::fixed("master", MASTER, Rights::everything()).places([at::header("X-Api-Key")]);
    let server = serve(builder.tokens(master));
    let header = |value: &str| ask("/me").field("X-Api-Key", value);
    let line = |value: &str| ask("/me").authorization(value);
    let jwt = token(json!({}));
    let user = format!("Bearer user:{}:{ISSUER}:alice", ISSUER.len());
    let old = "ApiKey client:9:token:old:backup";
    #[rustfmt::skip]
    let table: Vec<(&str, Request, &str)> = vec![
        ("in its header",              header(&issued),                                   CLIENT),
        ("surrounded by spaces",       header(&format!("  {issued}\t")),                  CLIENT),
        ("as a bearer token",          line(&format!("Bearer {issued}")),                 CLIENT),
        ("as a bearer token, spelled", line(&format!("bEARER   {issued}")),               CLIENT),
        ("beyond token68",             line("Bearer apikey:1.2:3"),                       old),
        ("bare",                       line("apikey:1.2:3"),                              old),
        ("bare, of a source that does not read it", line(&issued),                        "401 missing-credentials"),
        ("bare, and another word",     line("gho_0123456789"),                            "401 missing-credentials"),
        ("bare, with a space",         line("apikey:1.2:3 x"),                            "401 missing-credentials"),
        ("bare, with a comma",         line("apikey:1.2:3,x"),                            MALFORMED),
        ("bare, with a tab",           line("apikey:1.2:3\tx"),                           MALFORMED),
        ("bare, in upper case",        line("APIKEY:1.2:3"),                              "401 missing-credentials"),
        ("old, in a header of others", header("apikey:1.2:3"),                            UNKNOWN),
        ("the fixed token",            header(MASTER),                                    FIXED),
        ("the fixed token elsewhere",  line(&format!("Bearer {MASTER}")),                 UNKNOWN),
        ("the fixed token, shorter",   header(&MASTER[1..]),                              UNKNOWN),
        ("a JWT",                      line(&format!("Bearer {jwt}")),                    &user),
        ("a JWT in a header of keys",  header(&jwt),                                      UNKNOWN),
        ("under Basic",                line(&format!("Basic {issued}")),                  "401 missing-credentials"),
        ("under DPoP",                 line(&format!("DPoP {issued}")),                   "401 missing-credentials"),
        ("an unknown one",             header("pat_unknown"),                             UNKNOWN),
        ("only the prefix",            header("pat_"),                                    UNKNOWN),
        ("without its prefix",         header(&issued[4..]),                              UNKNOWN),
        ("in upper case",              header(&issued.to_uppercase()),                    UNKNOWN),
        ("an empty header",            header(""),                                        MALFORMED),
        ("a comma",                    header(&format!("{issued},{issued}")),             MALFORMED),
        ("a space inside",             header(&format!("{issued} {issued}")),             MALFORMED),
        ("a quote",                    header("pat_\"x\""),                               MALFORMED),
        ("not ASCII",                  ask("/me").field("X-Api-Key", b"pat_\xc3\xa4"),    MALFORMED),
        ("513 bytes",                  header(&format!("pat_{}", "x".repeat(509))),       MALFORMED),
        ("the header twice",           header(&issued).field("x-api-key", &issued),       MALFORMED),
        ("two places",                 header(&issued).authorization(format!("Bearer {issued}")), MALFORMED),
        ("a JWT and a token",          header(&issued).authorization(format!("Bearer {jwt}")),    MALFORMED),
        ("two Authorization lines",    line("apikey:1.2:3").authorization("apikey:1.2:3"), MALFORMED),
        ("nothing",                    ask("/me"),                                        "401 missing-credentials"),
    ];
    for (case, request, expected) in table {
        assert_eq!(found(&server.send(&request)), expected, "{case}");
    }
}

#[test]
fn token_with_a_prefix_is_of_no_other_source() {
    // TOKEN-1: also if the sources share a store, and an opaque token confers more
    let store = Counted::new();
    store.add("pat_old", |_| {});
    store.add("anything", |_| {});
    let few = personal(&store).accept_unchecked().places([at::bare_authorization(), at::header("X-Api-Key")]);
    let many = Tokens::named("old").opaque().store(store.clone()).confers(Rights::everything());
    let server = serve(Auth::builder().tokens(few).tokens(many.places([at::bearer(), at::header("X-Old-Key")])));
    let old = "ApiKey client:9:token:old:backup";
    #[rustfmt::skip]
    let table = [
        (ask("/me").field("X-Api-Key", "pat_old"),     CLIENT),
        (ask("/me").authorization("pat_old"),          CLIENT),
        (ask("/me").field("X-Old-Key", "anything"),    old),
        (ask("/me").authorization("Bearer anything"),  old),
        (ask("/me").field("X-Old-Key", "pat_old"),     UNKNOWN),
        (ask("/me").authorization("Bearer pat_old"),   UNKNOWN),
        (ask("/me").field("X-Api-Key", "anything"),    UNKNOWN),
        (ask("/me").authorization("anything"),         "401 missing-credentials"),
    ];
    for (request, expected) in table {
        assert_eq!(found(&server.send(&request)), expected, "{request:?}");
    }
}

#[test]
fn wrong_checksums_are_refused_without_a_lookup() {
    // TOKEN-4, TOKEN-5
    let store = Counted::new();
    store.add("pat_old", |_| {});
    let send = |server: &Server, token: &str| found(&server.send(&ask("/me").authorization(format!("Bearer {token}"))));
    let strict = serve(Auth::builder().tokens(personal(&store)));
    let issued = "pat_".parse::<TokenPrefix>().unwrap().generate().unwrap();
    let issued = auth_actix::tokens::ExposeSecret::expose_secret(&issued).to_owned();
    let shorter = &issued[..issued.len() - 1];
    let changed = format!("{shorter}{}", if issued.ends_with('0') { '1' } else { '0' });
    for token in ["pat_old", AWAY, "pat_", shorter, &changed] {
        let answer = send(&strict, token);
        assert_eq!((answer.as_str(), store.lookups()), (UNKNOWN, 0), "{token}");
    }
    assert_eq!((send(&strict, &issued).as_str(), store.lookups()), (UNKNOWN, 1));
    let lenient = serve(Auth::builder().tokens(personal(&store).accept_unchecked()));
    assert_eq!((send(&lenient, "pat_old").as_str(), store.lookups()), (CLIENT, 1));
    assert_eq!((send(&lenient, AWAY).as_str(), store.lookups()), ("503 authentication-unavailable", 1));
}

#[test]
fn challenges_name_the_place_of_a_token() {
    // TOKEN-11, HTTP-5
    let store = Counted::new();
    let challenge = |builder: AuthBuilder, request: &Request| {
        let answer = serve(builder).send(request);
        answer.lines("www-authenticate").join("; ")
    };
    let bearer_only = || Auth::builder().realm("r").tokens(personal(&store).accept_unchecked());
    let header_only = || Auth::builder().realm("r").tokens(personal(&store).places([at::header("x-api-key")]));
    let wrong = "error=\"invalid_token\"";
    assert_eq!(challenge(bearer_only(), &ask("/me")), "Bearer realm=\"r\"");
    let unknown = ask("/me").authorization("Bearer pat_unknown");
    assert_eq!(challenge(bearer_only(), &unknown), format!("Bearer realm=\"r\", {wrong}"));
    assert_eq!(challenge(header_only(), &ask("/me")), "ApiKey realm=\"r\"");
    assert_eq!(challenge(header_only(), &ask("/me").field("x-api-key", "pat_x")), "ApiKey realm=\"r\"");
}

#[test]
fn own_tokens_are_api_keys_in_rules_wherever_they_are_sent() {
    // TOKEN-9
    let store = Counted::new();
    store.add("pat_old", |_| {});
    let auth = Auth::builder().bearer(jwt()).tokens(personal(&store).accept_unchecked()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(keys_only).service(jwts_only));
    });
    let send = |path: &str, line: &str| found(&server.send(&ask(path).authorization(line)));
    assert_eq!(send("/keys-only", "Bearer pat_old"), "keys only");
    assert_eq!(send("/keys-only", &bearer(json!({}))), "401 step-up-required");
    assert_eq!(send("/jwts-only", "Bearer pat_old"), "401 step-up-required");
    assert_eq!(send("/jwts-only", &bearer(json!({}))), "JWTs only");
}

#[test]
fn last_use_is_recorded_in_the_background() {
    // TOKEN-15
    let store = Counted::new();
    store.add("pat_old", |_| {});
    let server = serve(Auth::builder().tokens(personal(&store).accept_unchecked()));
    assert_eq!(server.send(&ask("/me").authorization("Bearer pat_old")).status, 200);
    let owner = Owner::Client("backup".into());
    let used = || futures_lite(store.tokens.list(&owner)).unwrap()[0].last_used;
    let start = std::time::Instant::now();
    while used().is_none() {
        assert!(start.elapsed() < Duration::from_secs(5), "no use is recorded");
        std::thread::sleep(Duration::from_millis(20));
    }
}
