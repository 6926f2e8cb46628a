//! Tests of issuing tokens: what a caller may pass on, rotation, revocation, and the events about them.

mod conferral;
mod endpoints;
mod life;

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::*;

use actix_web::web::{Data, Path};
use actix_web::{get, post};
use auth_actix::audit::{Event, Sink};
use auth_actix::blocklist::Blocklist;
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, RightsProvider, RightsUnavailable, Tenant, Who};
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::session::{NewSession, Sessions};
use auth_actix::throttle::Throttle;
use auth_actix::tokens::{ExposeSecret, IssueError, IssuedToken, NewToken};
use auth_actix::{Caller, Peer, Session, public, require, require_auth};
use auth_tests::wire::request;

use crate::users::Staff;

pub(super) struct Member(pub(super) u32);

/// The accounts of members, and their memberships. Alice is member 7, an administrator, and an editor of the organization acme.
#[derive(Clone, Default)]
pub(super) struct Members(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    suspended: BTreeSet<u32>,
    gone: BTreeSet<u32>,
    demoted: bool,
    is_away: bool,
}

impl Members {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }
}

impl Accounts for Members {
    type Account = Member;
    type Error = std::convert::Infallible;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, Self::Error> {
        let id = match login.who() {
            Who::Account(id) => id.parse("member").unwrap(),
            Who::External(id) if id.to_string().ends_with("alice") => 7,
            Who::External(_) => return Ok(Lookup::NotFound),
        };
        // The digest is that of the presented token, whoever asks for the account.
        assert!(login.token_digest().is_some() || login.scheme().name() != "Bearer", "{login:?}");
        let state = self.0.lock().unwrap();
        Ok(match id {
            id if state.gone.contains(&id) => Lookup::NotFound,
            id if state.suspended.contains(&id) => Lookup::Suspended(Member(id)),
            id => Lookup::Found(Member(id)),
        })
    }

    fn account_id(&self, member: &Member) -> AccountId {
        AccountId::new("member", member.0)
    }

    fn rights(&self, member: &Member) -> Rights {
        let is_admin = member.0 == 7 && !self.0.lock().unwrap().demoted;
        Rights::new().roles(is_admin.then_some("admin"))
    }
}

impl RightsProvider for Members {
    async fn rights(&self, caller: &auth_actix::Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        if self.0.lock().unwrap().is_away {
            return Err(RightsUnavailable);
        }
        let is_alice = caller.to_string() == "account:member:7";
        Ok(match tenant {
            Some(tenant) if is_alice && *tenant == Tenant::of("org", "acme") => Rights::new().roles(["editor"]),
            Some(tenant) if is_alice && *tenant == Tenant::of("org", "evil") => Rights::new().roles(["suspended"]),
            Some(_) => Rights::new().roles([""; 0]),
            None => Rights::new(),
        })
    }

    fn cache_ttl(&self) -> Duration {
        Duration::ZERO
    }
}

/// Stores events.
#[derive(Clone, Default)]
pub(super) struct Record {
    events: Arc<Mutex<Vec<serde_json::Value>>>,
    is_broken: Arc<std::sync::atomic::AtomicBool>,
}

impl Sink for Record {
    fn record(&self, event: &Event) {
        assert!(!self.is_broken.load(Ordering::SeqCst), "the sink is broken on purpose");
        self.events.lock().unwrap().push(serde_json::to_value(event).unwrap());
    }
}

impl Record {
    /// Returns the events of this kind since the last call, each as its subject, its entry and its cause.
    fn take(&self, kind: &str) -> Vec<[String; 3]> {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        let text = |event: &serde_json::Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let of_kind = events.into_iter().filter(|event| event["happened"] == kind);
        of_kind.map(|event| ["subject", "entry", "cause"].map(|name| text(&event, name))).collect()
    }
}

/// The token sources: personal tokens and login sessions of accounts, and keys of clients.
#[derive(Clone)]
pub(super) struct Sources {
    personal: Tokens,
    logins: Tokens,
    clients: Tokens,
}

/// A server with all kinds of callers.
pub(super) struct Place {
    server: Server,
    auth: Auth,
    members: Members,
    sources: Sources,
    /// The stores of personal tokens, of login sessions, and of keys.
    stores: [Counted; 3],
    record: Record,
    blocks: Blocklist,
    kept: Data<Kept>,
}

fn place() -> Place {
    place_with(|builder| builder)
}

fn place_with(more: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Place {
    let (members, record, blocks) = (Members::default(), Record::default(), Blocklist::memory());
    let stores = [Counted::new(), Counted::new(), Counted::new()];
    let source = |name: &str, prefix: &str, store: &Counted| {
        Tokens::named(name).prefix(prefix).accept_unchecked().store(store.clone()).confers(Rights::everything())
    };
    let sources = Sources {
        personal: source("personal", "pat_", &stores[0]).for_accounts().default_ceiling(Rights::everything()),
        logins: source("logins", "log_", &stores[1]).for_accounts().login_sessions(),
        clients: source("keys", "key_", &stores[2]),
    };
    let users = PasswordAuthenticator::new(Staff::default()).throttle(Throttle::off());
    let builder = Auth::builder()
        .bearer(jwt().tenant_in_claim_if_present("org", "/org").logs_in())
        .basic(Basic::new(users.clone()).confers(Confers::everything()).logs_in())
        .session(Sessions::memory().insecure_localhost().confers(Confers::everything()).logs_in())
        .users(users)
        .tokens(sources.personal.clone())
        .tokens(sources.logins.clone())
        .tokens(sources.clients.clone())
        .tenant("org", at::path("org").or_header("X-Org"))
        .accounts(members.clone())
        .rights_from(members.clone())
        .client_address(Peer)
        .hosts(["localhost"])
        .blocks(blocks.clone())
        .token_endpoints("/tokens")
        .audit(record.clone());
    let auth = more(builder).build().unwrap();
    let (shared, registered) = (Data::new(sources.clone()), auth.clone());
    let kept = Data::new(Kept::default());
    let shared_kept = Data::clone(&kept);
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = registered.scope("").service(get_me).service(get_admin).service(get_reports).service(get_org_admin);
        let scope = scope
            .service(get_if_not_suspended)
            .service(post_issue)
            .service(post_issue_in)
            .service(post_log_in)
            .service(post_keep);
        config.app_data(Data::clone(&shared)).app_data(Data::clone(&shared_kept));
        config.service(scope.service(registered.token_endpoints()));
    });
    Place { server, auth, members, sources, stores, record, blocks, kept }
}

impl Place {
    fn send(&self, request: &Request) -> String {
        found(&self.server.send(request))
    }

    fn issue_for(&self, source: impl FnOnce(&Sources) -> &Tokens, new: NewToken) -> IssuedToken {
        futures_lite(source(&self.sources).issue(new)).unwrap()
    }
}

/// Callers that handlers have kept for longer than their request.
#[derive(Default)]
struct Kept(Mutex<Option<Caller<Member>>>);

/// Makes `suspended` a role that a rule negates.
#[require(authenticated && !role("suspended"))]
#[get("/if-not-suspended")]
async fn get_if_not_suspended() -> &'static str {
    "not suspended"
}

#[require_role("admin", in = org)]
#[get("/orgs/{org}/admin")]
async fn get_org_admin() -> &'static str {
    "admin of the organization"
}

#[public]
#[post("/log-in")]
async fn post_log_in(session: Session) -> actix_web::Result<actix_web::HttpResponse> {
    let cookie = session.log_in(NewSession::user("alice")).await?;
    Ok(actix_web::HttpResponse::NoContent().append_header(cookie).finish())
}

#[require_auth(any_token = "the handler tests what a token may issue")]
#[post("/issue/{case}")]
async fn post_issue(me: Caller<Member>, case: Path<String>, of: Data<Sources>) -> Result<String, IssueError> {
    shown(of.personal.issue(asked(&case, &me)).await)
}

#[require_auth(in = org, any_token = "the handler tests what a token may issue")]
#[post("/orgs/{org}/issue/{case}")]
async fn post_issue_in(
    me: Caller<Member>,
    path: Path<(String, String)>,
    of: Data<Sources>,
    _: auth_actix::Tenant,
) -> Result<String, IssueError> {
    shown(of.personal.issue(asked(&path.1, &me)).await)
}

#[require_auth(any_token = "the handler tests a caller that is kept")]
#[post("/keep")]
async fn post_keep(me: Caller<Member>, kept: Data<Kept>) -> &'static str {
    *kept.0.lock().unwrap() = Some(me);
    "kept"
}

fn shown(issued: Result<IssuedToken, IssueError>) -> Result<String, IssueError> {
    let IssuedToken { record, .. } = issued?;
    let ceiling = record.ceiling.map_or("no ceiling".to_owned(), |ceiling| ceiling.to_string());
    let tenants = record.tenants.map(|tenants| format!(", tenants {tenants:?}")).unwrap_or_default();
    let networks = record.networks.map(|networks| format!(", networks {}", networks.len())).unwrap_or_default();
    Ok(format!("{ceiling}{tenants}{networks}"))
}

/// Returns the token that a test case asks for.
fn asked(case: &str, me: &Caller<Member>) -> NewToken {
    let new = NewToken::by(me).named(case);
    let org = |name: &str| [Tenant::of("org", name)];
    let network = |text: &str| [text.parse().unwrap()];
    match case {
        "nothing" => new,
        "admin" | "editor" | "viewer" | "unknown" => new.roles([case]),
        "posts" => new.permissions(["posts:write"]),
        "deletion" => new.permissions(["posts:delete"]),
        "read" => new.scopes(["read:reports"]),
        "write" => new.scopes(["write:reports"]),
        "all-scopes" => new.scopes(All),
        "all-roles" => new.roles(All),
        "everything" => new.ceiling(Rights::everything()),
        "acme" | "umbrella" | "evil" => new.tenants(org(case)),
        "acme-editor" => new.tenants(org("acme")).roles(["editor"]),
        "acme-admin" => new.tenants(org("acme")).roles(["admin"]),
        "acme-team" => new.tenants([Tenant::of("org", "acme").and("team", "red")]),
        "nowhere" => new.tenants([]),
        "inside" => new.networks(network("127.0.0.1")),
        "internet" => new.networks(network("0.0.0.0/0")),
        case => panic!("{case}"),
    }
}
