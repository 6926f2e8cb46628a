//! Tests of sessions that began before their login had an account, of deleted accounts, and of actors.

use actix_web::HttpResponse;
use auth_actix::blocklist::Blocklist;
use auth_actix::session::{NewSession, Sessions};
use auth_actix::tokens::{
    MemoryTokenStore, Owner, StoreUnavailable, TokenAdmin, TokenDigest, TokenId, TokenRecord, TokenStore, Tokens,
};
use auth_actix::{BoxFuture, Session};

use super::*;

#[public]
#[post("/log-in/{name}")]
async fn post_log_in(session: Session, name: Path<String>) -> actix_web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().append_header(session.log_in(NewSession::user(name.as_str())).await?).finish())
}

#[require_auth]
#[post("/act-as/{name}")]
async fn post_act_as(session: Session, name: Path<String>) -> actix_web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().append_header(session.act_as(NewSession::user(name.as_str())).await?).finish())
}

/// Token stores are shared by the test and the server.
#[derive(Clone)]
struct Shared(Arc<MemoryTokenStore>);

impl TokenStore for Shared {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        self.0.find(digest)
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: std::time::SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        self.0.touch(id, at)
    }

    fn admin(&self) -> Option<&dyn TokenAdmin> {
        self.0.admin()
    }
}

fn serve_sessions(auth: AuthBuilder) -> (Server, Auth) {
    let auth = auth.build().unwrap();
    let theirs = auth.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("/a").service(identity).service(front_page).service(post_log_in).service(post_act_as);
        config.service(scope);
    });
    (server, theirs)
}

fn sessions_of(directory: &Directory) -> (Server, Auth) {
    serve_sessions(builder().session(Sessions::memory()).accounts(directory.clone()))
}

/// Sends a request from a page of this server.
fn post_with(server: &Server, path: &str, cookie: &str) -> Answer {
    let request = request("POST", &format!("/a{path}")).field("Sec-Fetch-Site", "same-origin").body("");
    server.send(&request.field("Cookie", cookie))
}

fn cookie_of(answer: &Answer) -> String {
    let set = answer.lines("set-cookie");
    let [line] = set.as_slice() else { panic!("{answer:?}") };
    line.split(';').next().unwrap().to_owned()
}

fn session(server: &Server, name: &str) -> String {
    cookie_of(&post_with(server, &format!("/log-in/{name}"), "a=b"))
}

fn with(server: &Server, cookie: &str, path: &str) -> Answer {
    server.send(&ask(&format!("/a{path}")).field("Cookie", cookie))
}

fn login(name: &str) -> String {
    format!("user:13:basic:reports:{name}")
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}

/// Adds a member of this id for the login and for the account.
fn add(directory: &Directory, name: &str, id: u32) {
    directory.set_key(&login(name), Row::Found(Party::member(id)));
    directory.set_key(&format!("account:member:{id}"), Row::Found(Party::member(id)));
}

fn account(id: u32) -> auth_actix::Id {
    AccountId::new("member", id).identity()
}

#[test]
fn a_session_without_an_account_gets_it_at_its_next_use() {
    // ACCT-12
    for seconds in [0, 60] {
        let directory = Directory::default();
        directory.cached_for(seconds);
        let (server, auth) = sessions_of(&directory);
        let (alice, bob) = (session(&server, "alice"), session(&server, "bob"));
        add(&directory, "alice", 1);
        add(&directory, "bob", 2);
        assert_eq!(wait(auth.sessions_of(&account(1))).unwrap().len(), 0);
        directory.calls();
        assert_eq!(told(&with(&server, &alice, "/known")), "account:member:1");
        assert_eq!(directory.calls(), ["find alice"]);
        assert_eq!(wait(auth.sessions_of(&account(1))).unwrap().len(), 1, "it is found by the account");
        // The login belongs to another account now. The session stays that of its account.
        directory.set_key(&login("alice"), Row::Found(Party::member(3)));
        assert_eq!(told(&with(&server, &alice, "/known")), "account:member:1");
        assert_eq!(directory.calls(), if seconds == 0 { vec!["find 1"] } else { vec![] });
        assert_eq!(wait(auth.end_sessions(&account(1))).unwrap(), 1);
        let answer = with(&server, &alice, "/known");
        assert_eq!(told(&answer), "401 revoked-credentials");
        assert_eq!(told(&with(&server, &bob, "/known")), "account:member:2", "the session of another login");
    }
}

#[test]
fn ended_sessions_of_an_account_include_those_that_do_not_contain_it() {
    // ACCT-11, ACCT-12, M2
    for is_forgotten in [false, true] {
        let directory = Directory::default();
        let (server, auth) = sessions_of(&directory);
        let (alice, bob) = (session(&server, "alice"), session(&server, "bob"));
        add(&directory, "alice", 1);
        add(&directory, "bob", 2);
        let new = session(&server, "alice");
        match is_forgotten {
            true => wait(auth.forget_account(&AccountId::new("member", 1))).unwrap(),
            false => assert_eq!(wait(auth.end_sessions(&account(1))).unwrap(), 1),
        }
        let answer = with(&server, &alice, "/known");
        assert_eq!(told(&answer), "401 revoked-credentials");
        assert!(answer.lines("set-cookie").iter().any(|line| line.contains("Max-Age=0")), "{answer:?}");
        assert_eq!(told(&with(&server, &alice, "/home")), "none");
        assert_eq!(with(&server, &new, "/known").status, 401);
        assert_eq!(told(&with(&server, &bob, "/known")), "account:member:2");
        // A new login contains the account from the beginning.
        assert_eq!(told(&with(&server, &session(&server, "alice"), "/known")), "account:member:1");
    }
}

#[test]
fn a_limited_token_is_no_caller_where_none_is_required() {
    // ACCT-6, RIGHTS-14
    let directory = Directory::default();
    add(&directory, "", 1);
    let store = Shared(Arc::new(MemoryTokenStore::new(100)));
    for (name, ceiling) in [("all", Rights::everything()), ("reader", Rights::new().scopes(["read"]))] {
        let owner = Owner::Account(AccountId::new("member", 1));
        let mut record = TokenRecord::new(TokenId::generate().unwrap(), owner, std::time::SystemTime::now());
        record.ceiling = Some(ceiling);
        let digest = TokenDigest::sha256(format!("pat_{name}").as_bytes());
        wait(store.admin().unwrap().insert(&digest, record)).unwrap();
    }
    let tokens = Tokens::named("personal").prefix("pat_").accept_unchecked().store(store).for_accounts();
    let (server, _) = serve_sessions(builder().tokens(tokens).accounts(directory.clone()));
    let send = |token: &str| told(&send(&server, "/home", Some(&format!("Bearer pat_{token}"))));
    assert_eq!((send("all"), send("reader")), ("1".to_owned(), "none".to_owned()));
    // Suspended is decided before.
    directory.set_key("account:member:1", Row::Suspended(Party::member(1)));
    assert_eq!(send("reader"), "403 account-suspended");
}

#[test]
fn a_deleted_account_has_no_tokens() {
    // ACCT-11, TOKEN-15
    for cached in [Duration::ZERO, Duration::from_secs(60)] {
        let directory = Directory::default();
        let store = Shared(Arc::new(MemoryTokenStore::new(100)));
        let tokens = Tokens::named("personal").prefix("pat_").accept_unchecked().store(store.clone()).for_accounts();
        let tokens = if cached.is_zero() { tokens } else { tokens.cache(cached) };
        let (server, auth) = serve_sessions(builder().tokens(tokens).accounts(directory.clone()));
        for id in [1, 2] {
            add(&directory, "", id);
            for name in ["a", "b"] {
                let owner = Owner::Account(AccountId::new("member", id));
                let mut record = TokenRecord::new(TokenId::generate().unwrap(), owner, std::time::SystemTime::now());
                record.ceiling = Some(Rights::everything());
                let digest = TokenDigest::sha256(format!("pat_{name}{id}").as_bytes());
                wait(store.admin().unwrap().insert(&digest, record)).unwrap();
            }
        }
        let send = |token: &str| told(&send(&server, "/known", Some(&format!("Bearer pat_{token}"))));
        assert_eq!((send("a1").as_str(), send("a2").as_str()), ("account:member:1", "account:member:2"));
        // The account itself is still found, as in a replica of its table that is behind.
        wait(auth.forget_account(&AccountId::new("member", 1))).unwrap();
        let left = |id| wait(store.admin().unwrap().list(&Owner::Account(AccountId::new("member", id)))).unwrap().len();
        assert_eq!((left(1), left(2)), (0, 2));
        let unknown = "401 invalid-credentials";
        assert_eq!((send("a1").as_str(), send("b1").as_str()), (unknown, unknown), "cached for {cached:?}");
        assert_eq!(send("a2"), "account:member:2");
    }
}

#[test]
fn blocks_and_revocations_of_an_account_reach_actors() {
    // ACCT-7, H16
    let directory = Directory::default();
    add(&directory, "alice", 1);
    add(&directory, "bob", 2);
    let blocks = Blocklist::memory();
    let auth = builder().session(Sessions::memory()).accounts(directory.clone()).blocks(blocks.clone());
    let (server, auth) = serve_sessions(auth);
    let since = auth_tests::token::now();
    let acting = cookie_of(&post_with(&server, "/act-as/alice", &session(&server, "bob")));
    assert_eq!(told(&with(&server, &acting, "/known")), "account:member:1");
    let (blocked, revoked) = ("403 access-blocked", "401 revoked-credentials");
    #[rustfmt::skip]
    let table = [
        ("block subject account:member:2".to_owned(),    "/known", blocked),
        ("block subject account:member:2".to_owned(),    "/home",  blocked),
        (format!("block subject {}", login("bob")),      "/known", blocked),
        ("block subject account:member:1".to_owned(),    "/known", blocked),
        ("block subject account:member:3".to_owned(),    "/known", "account:member:1"),
        ("block subject account:merchant:2".to_owned(),  "/known", "account:member:1"),
        (format!("revoke subject account:member:2 {since}"), "/known", revoked),
    ];
    for (line, path, expected) in table {
        blocks.add(line.parse().unwrap()).unwrap();
        assert_eq!(told(&with(&server, &acting, path)), expected, "{line} {path}");
        blocks.remove(line.parse().unwrap()).unwrap();
    }
    // The session of an actor is one of the account of the actor.
    assert_eq!(wait(auth.end_sessions(&account(2))).unwrap(), 1);
    assert_eq!(told(&with(&server, &acting, "/known")), revoked);
}
