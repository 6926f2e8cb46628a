//! Tests of looking tokens up: what counts as a failure, and what a cached token is checked for.

use super::*;

use actix_web::get;
use auth_actix::blocklist::{BlockEntry, Blocklist};
use auth_actix::client::ForwardingHeader;
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Who};
use auth_actix::tokens::TokensError;
use auth_actix::{BuildError, Tenant, require_auth, require_scope};

const LATE: &str = "429 too-many-attempts";
const CACHE: Duration = Duration::from_secs(60);
const OFFICE: &str = "203.0.113.7";

fn behind_a_proxy(builder: AuthBuilder) -> Server {
    serve(builder.trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor))
}

fn send(server: &Server, address: &str, token: &str) -> Answer {
    server.send(&ask("/me").field("X-Forwarded-For", address).authorization(format!("Bearer {token}")))
}

fn opaque(store: &Counted) -> Tokens {
    Tokens::named("personal").opaque().store(store.clone()).confers(Rights::everything())
}

fn master() -> Tokens {
    Tokens::fixed("master", MASTER, Rights::everything())
}

#[test]
fn unknown_tokens_delay_their_network_but_no_known_token() {
    // TOKEN-5, M7, M9
    let store = Counted::new();
    store.add("pat_known", |_| {});
    store.add("pat_new", |_| {});
    for tokens in [personal(&store).accept_unchecked(), opaque(&store)] {
        let server = behind_a_proxy(Auth::builder().tokens(tokens).tokens(master()));
        assert_eq!(found(&send(&server, OFFICE, "pat_known")), CLIENT);
        store.lookups();
        for number in 0..20 {
            assert_eq!(found(&send(&server, OFFICE, &format!("pat_{number}"))), UNKNOWN, "{number}");
        }
        assert_eq!(store.lookups(), 20);
        let late = send(&server, OFFICE, "pat_20");
        assert_eq!((found(&late).as_str(), store.lookups()), (LATE, 0));
        assert!(late.field("retry-after").is_some_and(|after| after.parse::<u32>().is_ok_and(|after| after > 0)));
        assert_eq!(late.field("www-authenticate"), None);
        // All tokens that were not accepted from this address before.
        assert_eq!(found(&send(&server, OFFICE, "pat_new")), LATE);
        assert_eq!(found(&send(&server, OFFICE, MASTER)), LATE);
        assert_eq!(found(&send(&server, OFFICE, "pat_known")), CLIENT);
        for other in ["203.0.113.8", "198.51.100.1"] {
            assert_eq!(found(&send(&server, other, "pat_new")), CLIENT, "{other}");
        }
    }
}

#[test]
fn only_lookups_and_wrong_fixed_tokens_count_as_failures() {
    // TOKEN-4, TOKEN-5
    let store = Counted::new();
    let strict = || Auth::builder().tokens(personal(&store));
    let issued = "pat_".parse::<TokenPrefix>().unwrap().generate().unwrap();
    let issued = auth_actix::tokens::ExposeSecret::expose_secret(&issued).to_owned();
    store.add("pat_revoked", |record| record.revoked = true);
    #[rustfmt::skip]
    let table = [
        // (case, builder, token, expected answers to the first 20 requests, and to the next one)
        ("a wrong checksum",  behind_a_proxy(strict()),                                       "pat_x",       UNKNOWN, UNKNOWN),
        ("an unknown token",  behind_a_proxy(strict()),                                       &*issued,      UNKNOWN, LATE),
        ("a fixed token",     behind_a_proxy(Auth::builder().tokens(master())),               &MASTER[1..],  UNKNOWN, LATE),
        ("a revoked token",   behind_a_proxy(Auth::builder().tokens(opaque(&store))),         "pat_revoked", "401 revoked-credentials", "401 revoked-credentials"),
        ("an outage",         behind_a_proxy(Auth::builder().tokens(opaque(&store))),         AWAY,          "503 authentication-unavailable", "503 authentication-unavailable"),
        ("an unknown client", serve(Auth::builder().tokens(opaque(&store))),                  "pat_x",       UNKNOWN, UNKNOWN),
    ];
    for (case, server, token, first, next) in table {
        for number in 0..20 {
            assert_eq!(found(&send(&server, OFFICE, token)), first, "{case} {number}");
        }
        assert_eq!(found(&send(&server, OFFICE, token)), next, "{case}");
    }
}

#[test]
fn a_missing_token_is_not_cached() {
    // TOKEN-5
    let store = Counted::new();
    let server = serve(Auth::builder().tokens(opaque(&store).cache(CACHE)));
    assert_eq!(found(&send(&server, OFFICE, "pat_new")), UNKNOWN);
    store.add("pat_new", |_| {});
    assert_eq!(found(&send(&server, OFFICE, "pat_new")), CLIENT);
}

#[test]
fn tokens_are_looked_up_each_time_unless_they_are_cached() {
    // TOKEN-15
    let store = Counted::new();
    store.add("pat_old", |_| {});
    let cached = opaque(&store).cache(CACHE).places([at::bearer(), at::header("x-api-key")]);
    for (tokens, expected) in [(opaque(&store), [1, 1, 1]), (cached.clone(), [1, 0, 1])] {
        let server = serve(Auth::builder().tokens(tokens));
        let lookups = [false, false, true].map(|is_changed| {
            if is_changed {
                cached.clear_cache();
            }
            assert_eq!(found(&send(&server, OFFICE, "pat_old")), CLIENT);
            store.lookups()
        });
        assert_eq!(lookups, expected);
    }
    // The place belongs to the request, not to the cached token.
    let cached = opaque(&store).cache(CACHE).places([at::bearer(), at::header("x-api-key")]);
    let server = serve(Auth::builder().realm("r").tokens(cached));
    let in_header = server.send(&ask("/me").field("x-api-key", "pat_old"));
    let in_authorization = send(&server, OFFICE, "pat_old");
    assert_eq!([found(&in_header), found(&in_authorization)], [CLIENT, CLIENT]);
    assert!(in_header.field("cache-control").is_some() && in_authorization.field("cache-control").is_none());
    assert_eq!(store.lookups(), 1);
}

#[test]
fn too_long_caches_do_not_build() {
    // TOKEN-15
    let store = Counted::new();
    let error = |tokens: Tokens| Auth::builder().tokens(tokens).build().err();
    let tokens = |name: &str, error| Some(BuildError::Tokens { name: name.to_owned(), error });
    assert_eq!(error(opaque(&store).cache(CACHE)), None);
    assert_eq!(
        error(opaque(&store).cache(CACHE + Duration::from_millis(1))),
        tokens("personal", TokensError::CacheTtl)
    );
    assert_eq!(error(master().cache(CACHE)), tokens("master", TokensError::CacheOfFixed));
    assert_eq!(error(opaque(&store).cache(CACHE).cache(CACHE)), tokens("personal", TokensError::Repeated("cache")));
}

struct Member(u32);

/// The account 7 can be suspended.
#[derive(Clone, Default)]
struct Members(Arc<std::sync::atomic::AtomicBool>);

impl Accounts for Members {
    type Account = Member;
    type Error = std::convert::Infallible;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, Self::Error> {
        let Who::Account(id) = login.who() else { return Ok(Lookup::NotFound) };
        let member = Member(id.parse("member").unwrap_or_default());
        Ok(if self.0.load(Ordering::SeqCst) { Lookup::Suspended(member) } else { Lookup::Found(member) })
    }

    fn account_id(&self, member: &Member) -> AccountId {
        AccountId::new("member", member.0)
    }
}

#[require_scope("read:reports")]
#[get("/scoped")]
async fn get_scoped(caller: Principal) -> String {
    caller.id().to_string()
}

#[require_auth(in = team, any_token = "a test of tenants")]
#[get("/team")]
async fn get_team(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[test]
fn a_cached_token_is_checked_like_a_new_one() {
    // TOKEN-15, H8
    let (store, members, blocks) = (Counted::new(), Members::default(), Blocklist::memory());
    let reader = || Some(Rights::new().scopes(["read:reports"]));
    let add = |name: &str, change: &dyn Fn(&mut TokenRecord)| {
        store.add(&format!("pat_{name}"), |record| {
            record.owner = Owner::Account(AccountId::new("member", 7));
            record.ceiling = reader();
            change(record);
        })
    };
    let id = add("reader", &|_| {});
    add("empty", &|record| record.ceiling = Some(Rights::new()));
    add("office", &|record| record.networks = Some(vec!["203.0.113.0/24".parse().unwrap()]));
    add("red", &|record| record.tenants = Some(vec![Tenant::of("team", "red")]));
    let tokens = Tokens::named("personal").prefix("pat_").accept_unchecked().store(store.clone()).for_accounts();
    let builder = Auth::builder().tokens(tokens.cache(CACHE)).accounts(members.clone()).blocks(blocks.clone());
    let builder = builder.trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor);
    let auth = builder.tenant("team", at::header("X-Team")).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_scoped).service(get_team));
    });
    let send = |path: &str, token: &str, address: &str, team: &str| {
        let request = ask(path).field("X-Forwarded-For", address).field("X-Team", team);
        found(&server.send(&request.authorization(format!("Bearer pat_{token}"))))
    };
    let me = "account:member:7";
    let (lacks, scope) = ("403 insufficient-permissions", "403 insufficient-scope");
    #[rustfmt::skip]
    let table = [
        // (token, path, address, team, expected): each token is cached by its first row.
        ("reader", "/scoped", OFFICE,         "red",  me),
        ("reader", "/scoped", "198.51.100.1", "red",  me),
        ("empty",  "/scoped", OFFICE,         "red",  scope),
        ("empty",  "/scoped", OFFICE,         "red",  scope),
        ("office", "/scoped", OFFICE,         "red",  me),
        ("office", "/scoped", "198.51.100.1", "red",  lacks),
        ("red",    "/scoped", OFFICE,         "red",  lacks),
        ("red",    "/team",   OFFICE,         "red",  "team=\"red\""),
        ("red",    "/team",   OFFICE,         "blue", lacks),
    ];
    for (token, path, address, team, expected) in table {
        assert_eq!(send(path, token, address, team), expected, "{token} {address} {team}");
    }
    assert_eq!(store.lookups(), 4);
    let (issuer, jti) = ("token:personal".to_owned(), id.as_str().to_owned());
    blocks.add(BlockEntry::BlockToken { issuer, jti }).unwrap();
    assert_eq!(send("/scoped", "reader", OFFICE, "red"), "403 access-blocked");
    assert_eq!(send("/scoped", "office", OFFICE, "red"), me);
    members.0.store(true, Ordering::SeqCst);
    assert_eq!(send("/scoped", "office", OFFICE, "red"), "403 account-suspended");
    assert_eq!(store.lookups(), 0);
}
