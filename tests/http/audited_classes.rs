//! The classes of faults that audits of services with many tenants find most often. Each test is named after its class, and asks every
//! kind of decision about an object: the path, the body, `Authorizer` and lists.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actix_web::web::{Data, Json, Path, ServiceConfig};
use actix_web::{HttpRequest, get, post};
use auth_actix::identity::{PrincipalBuilder, Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::list::{Columns, Condition, ListFilter, Visible};
use auth_actix::object::{Denial, LoadContext, Tenancy, Unchecked};
use auth_actix::scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme};
use auth_actix::{
    Action, Auth, Authorized, Authorizer, Confers, Id, LocalBoxFuture, Principal, Resource, at, require, require_auth,
    require_role,
};
use auth_tests::server::Server;
use auth_tests::wire::{Answer, Request, get as ask, request};

use crate::{Role, TokenScope};

/// The callers are accounts without limits, and tokens of Alice with scopes. The text of a credential names it.
struct Callers;

impl Authenticator for Callers {
    fn name(&self) -> &'static str {
        "Caller"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-Caller")
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        let text = request.headers().get("x-caller").and_then(|text| text.to_str().ok()).unwrap_or_default();
        let found = match text {
            "alice" | "bob" => Some(Principal::builder(text)),
            "alice/read" => {
                Some(Principal::builder("alice").ceiling(Rights::new().roles(["editor"]).scopes(["read:reports"])))
            }
            "alice/editor" => Some(Principal::builder("alice").ceiling(Rights::new().roles(["editor"]))),
            _ => None,
        };
        Box::pin(std::future::ready(found.ok_or(AuthenticateError::Invalid)))
    }
}

/// Alice and Bob are editors in acme, until that is withdrawn. Bob is one in umbrella, too.
#[derive(Clone, Default)]
struct Memberships {
    withdrawn: Arc<AtomicBool>,
}

impl RightsProvider for Memberships {
    async fn rights(&self, caller: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        let is_editor = match tenant.and_then(|tenant| tenant.get("org")) {
            Some("acme") => !self.withdrawn.load(Ordering::SeqCst),
            Some("umbrella") => caller.to_string().ends_with("bob"),
            _ => false,
        };
        Ok(Rights::new().roles(is_editor.then_some("editor")))
    }

    fn cache_ttl(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// A document. 1 and 2 are in acme, of Alice and of Bob; 3 and 4 are in umbrella, of Alice and of Bob.
#[derive(Clone, Columns)]
#[columns(table = "documents", tenant(org = org))]
struct Document {
    id: i64,
    org: String,
    owner: String,
}

#[derive(Action)]
#[action(scope = TokenScope::Read)]
struct See;

fn documents() -> Vec<Document> {
    let of = |id: i64, org: &str, owner: &str| Document { id, org: org.to_owned(), owner: owner.to_owned() };
    vec![of(1, "acme", "alice"), of(2, "acme", "bob"), of(3, "umbrella", "alice"), of(4, "umbrella", "bob")]
}

impl Resource for Document {
    type Key = i64;
    type Deps = Data<AtomicUsize>;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> i64 {
        self.id
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::of("org", &self.org))
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, loads: &Data<AtomicUsize>) -> Result<Vec<Self>, actix_web::Error> {
        loads.fetch_add(1, Ordering::SeqCst);
        Ok(documents().into_iter().filter(|document| ids.contains(&document.id)).collect())
    }
}

impl Visible<See> for Document {
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        Self::OWNER.is(caller.map(|caller| caller.local_subject().into_owned()))
    }
}

#[derive(serde::Deserialize)]
struct Asked {
    document: Unchecked<Document>,
}

#[require_role("editor", in = org)]
#[get("/path/{id}")]
async fn get_path(document: Authorized<Document, See>) -> String {
    document.id.to_string()
}

#[require(role("editor", in = org) && authorized(Document, See, at = json("/document")))]
#[post("/body")]
async fn post_body(document: Authorized<Document, See>) -> String {
    document.id.to_string()
}

#[require_role("editor", in = org)]
#[post("/inside")]
async fn post_inside(asked: Json<Asked>, may: Authorizer) -> Result<String, Denial> {
    Ok(may.object::<Document, See>(asked.into_inner().document).await?.id.to_string())
}

#[require_role("editor", in = org)]
#[post("/batch")]
async fn post_batch(asked: Json<Asked>, may: Authorizer) -> Result<String, Denial> {
    let found = may.each::<Document, See, ()>([(asked.into_inner().document, ())]).await?;
    Ok(found[0].0.id.to_string())
}

fn listed(filter: &ListFilter<Document, See>) -> String {
    let mut all = documents();
    filter.retain(&mut all);
    all.iter().map(|document| document.id.to_string()).collect::<Vec<_>>().join(" ")
}

#[require_role("editor", in = org)]
#[get("/list")]
async fn get_list(filter: ListFilter<Document, See>) -> String {
    listed(&filter)
}

#[require_role("editor", in = org)]
#[get("/list-inside")]
async fn get_list_inside(may: Authorizer) -> Result<String, Denial> {
    Ok(listed(&may.list()?))
}

/// A handler that someone has forgotten to annotate. It can be registered outside of our scopes only.
#[get("/forgotten/{id}")]
async fn get_forgotten(id: Path<String>, may: Authorizer) -> Result<String, Denial> {
    Ok(may.object::<Document, See>(Unchecked::from_text(&id)?).await?.id.to_string())
}

#[require_auth]
#[get("/annotated/{id}")]
async fn get_annotated(id: Path<String>, may: Authorizer) -> Result<String, Denial> {
    Ok(may.object::<Document, See>(Unchecked::from_text(&id)?).await?.id.to_string())
}

struct Running {
    server: Server,
    memberships: Memberships,
    loads: Data<AtomicUsize>,
}

fn start() -> Running {
    let (memberships, loads) = (Memberships::default(), Data::new(AtomicUsize::new(0)));
    let scheme = CustomScheme::new(Callers).confers(Confers::everything());
    let builder = Auth::builder().scheme(scheme).roles::<Role>().rights_from(memberships.clone());
    let builder = builder.tenant("org", at::header("X-Org")).resource_deps(loads.clone());
    let auth = builder.build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("/in").service(get_path).service(post_body).service(post_inside).service(post_batch);
        let scope = scope.service(get_list).service(get_list_inside).service(get_annotated);
        config.app_data(auth.clone()).service(scope).service(get_forgotten);
    });
    Running { server, memberships, loads }
}

/// The ways to name a document.
fn ways(id: i64) -> [Request; 4] {
    let body = format!("{{\"document\": {id}}}");
    let post = |path: &str| request("POST", path).field("Content-Type", "application/json").body(&body);
    [ask(&format!("/in/path/{id}")), post("/in/body"), post("/in/inside"), post("/in/batch")]
}

impl Running {
    fn send(&self, request: Request, caller: &str, org: &str) -> Answer {
        self.server.send(&request.field("X-Caller", caller).field("X-Org", org))
    }

    /// Returns the answer, and the number of loads.
    fn counted(&self, request: Request, caller: &str, org: &str) -> (u16, String, usize) {
        self.loads.swap(0, Ordering::SeqCst);
        let answer = self.send(request, caller, org);
        (answer.status, answer.text().to_owned(), self.loads.load(Ordering::SeqCst))
    }
}

#[test]
fn function_without_check() {
    // It refuses anonymous callers and foreign objects. In our scopes it does not compile (`tests/ui/fail/registration`).
    let running = start();
    let status = |path: &str, caller: Option<&str>| {
        let request = ask(path);
        let request = caller.into_iter().fold(request, |request, caller| request.field("X-Caller", caller));
        running.server.send(&request).status
    };
    for path in ["/forgotten", "/in/annotated"] {
        let table = [("1", None, 401), ("1", Some("alice"), 200), ("2", Some("alice"), 404), ("1", Some("eve"), 401)];
        for (id, caller, expected) in table {
            assert_eq!(status(&format!("{path}/{id}"), caller), expected, "{path}/{id} by {caller:?}");
        }
    }
}

#[test]
fn object_of_another_tenant_by_body() {
    // Alice owns document 3, which is in umbrella, where she is nobody. Bob may see 4 in umbrella, and not in acme.
    let running = start();
    for (caller, id, org, expected) in
        [("alice", 1, "acme", 200), ("alice", 3, "acme", 404), ("bob", 4, "acme", 404), ("bob", 4, "umbrella", 200)]
    {
        for request in ways(id) {
            let answer = running.send(request.clone(), caller, org);
            assert_eq!(answer.status, expected, "{caller} {id} in {org}: {request:?}");
        }
    }
}

#[test]
fn ceiling_ignored_in_lists() {
    // The tokens have the role of the rule. Only one has the scope of the action.
    let running = start();
    for (caller, list, object) in [("alice", 200, 200), ("alice/read", 200, 200), ("alice/editor", 403, 403)] {
        for path in ["/in/list", "/in/list-inside"] {
            let answer = running.send(ask(path), caller, "acme");
            assert_eq!(answer.status, list, "{path} by {caller}: {answer:?}");
            assert!(list != 200 || answer.text() == "1", "{path} by {caller}: {answer:?}");
        }
        for request in ways(1) {
            let answer = running.send(request.clone(), caller, "acme");
            let hidden = [object, if object == 403 { 404 } else { object }];
            assert!(hidden.contains(&answer.status), "{caller}: {request:?}: {answer:?}");
        }
    }
}

#[test]
fn existence_oracle() {
    // A document of another owner, one of another tenant, and a missing one get the same response after the same number of loads.
    let running = start();
    for (way, missing) in ways(99).into_iter().enumerate() {
        let expected = running.counted(missing, "alice", "acme");
        assert_eq!((expected.0, expected.2), (404, 1), "{way}: {expected:?}");
        for id in [2, 3, 4] {
            let request = ways(id)[way].clone();
            assert_eq!(running.counted(request, "alice", "acme"), expected, "{way}: {id}");
        }
    }
}

#[test]
fn stale_grant() {
    // A membership that was withdrawn has no effect on the next request, by any way.
    let running = start();
    let all = || ways(1).into_iter().chain([ask("/in/list"), ask("/in/list-inside")]);
    for (withdrawn, expected) in [(false, 200), (true, 403), (false, 200)] {
        running.memberships.withdrawn.store(withdrawn, Ordering::SeqCst);
        for request in all() {
            let answer = running.send(request.clone(), "alice", "acme");
            assert_eq!(answer.status, expected, "{request:?}");
        }
    }
}
