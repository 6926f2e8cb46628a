//! Tests of limited credentials: they perform an action only with the name that it requires.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpRequest, get};
use auth_actix::identity::{PrincipalBuilder, Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::object::{Denial, LoadContext, Tenancy, Unchecked};
use auth_actix::scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme};
use auth_actix::{
    Action, Allows, Auth, Authorized, Authorizer, Confers, Id, LocalBoxFuture, Peer, Policy, Principal, Resource,
    public, require, require_auth, require_scope,
};
use auth_tests::server::Server;
use auth_tests::wire::{Answer, get as ask};

use crate::{Permission, Role, TokenScope};

/// Tokens of Alice. The text of each names its ceiling.
struct Tokens;

fn alice(token: &str) -> Option<PrincipalBuilder> {
    let ceiling = match token {
        "unlimited" => return Some(Principal::builder("alice")),
        "empty" => Rights::new(),
        "reader" => Rights::new().scopes(["read:reports"]),
        "editor" => Rights::new().scopes(["read:reports", "write:reports"]),
        "manager" => Rights::new().permissions(["posts:write"]),
        "everything" => Rights::everything(),
        _ => return None,
    };
    Some(Principal::builder("alice").ceiling(ceiling))
}

impl Authenticator for Tokens {
    fn name(&self) -> &'static str {
        "Token"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-Token")
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        let token = request.headers().get("x-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
        Box::pin(std::future::ready(alice(token).ok_or(AuthenticateError::Invalid)))
    }
}

/// Alice may write posts in acme.
struct Memberships;

impl RightsProvider for Memberships {
    async fn rights(&self, _: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        let is_acme = tenant.is_some_and(|tenant| tenant.get("org") == Some("acme"));
        Ok(Rights::new().permissions(is_acme.then_some("posts:write")))
    }
}

static LOADS: AtomicUsize = AtomicUsize::new(0);
static WITH_CALLER: AtomicUsize = AtomicUsize::new(0);

/// Project 1 is public and in acme, 2 is private and in acme, 3 is private and in umbrella. All are of Alice.
#[derive(Clone)]
struct Project(u64);

#[derive(Action)]
#[action(scope = "read:reports")]
struct Read;
#[derive(Action)]
#[action(scope = TokenScope::Write)]
struct Edit;
#[derive(Action)]
#[action(permission = "posts:write")]
struct Manage;
#[derive(Action)]
struct Delete;

impl Resource for Project {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> u64 {
        self.0
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::of("org", if self.0 < 3 { "acme" } else { "umbrella" }))
    }

    async fn load(ids: &[u64], cx: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        LOADS.fetch_add(1, Ordering::SeqCst);
        WITH_CALLER.fetch_add(usize::from(cx.caller.is_some()), Ordering::SeqCst);
        Ok(ids.iter().filter(|id| **id < 9).map(|id| Self(*id)).collect())
    }
}

macro_rules! of_owner {
    ($($action:ident)*) => {$(
        impl Allows<$action> for Project {
            const ADMITS_ANONYMOUS: bool = true;

            fn allows(&self, caller: &Principal) -> bool {
                caller.local_subject() == "alice"
            }

            fn allows_anonymous(&self) -> bool {
                self.0 == 1
            }
        }
    )*};
}

of_owner!(Read Edit Manage Delete);

fn shown(project: &Project, caller: Option<&Principal>) -> String {
    format!("{} {}", project.0, if caller.is_some() { "alice" } else { "anonymous" })
}

#[public]
#[get("/read/{id}")]
async fn get_project(project: Authorized<Project, Read>, caller: Option<Principal>) -> String {
    shown(&project, caller.as_ref())
}

#[public]
#[get("/managed/{id}")]
async fn get_managed(project: Authorized<Project, Manage>, caller: Option<Principal>) -> String {
    shown(&project, caller.as_ref())
}

#[require_auth]
#[get("/edit/{id}")]
async fn get_edited(project: Authorized<Project, Edit>, caller: Principal) -> String {
    shown(&project, Some(&caller))
}

#[require(role("admin") || authorized(Project, Manage))]
#[get("/manage/{id}")]
async fn get_atom() -> &'static str {
    "managed"
}

#[require_auth]
#[get("/delete/{id}")]
async fn get_deleted(project: Authorized<Project, Delete>, caller: Principal) -> String {
    shown(&project, Some(&caller))
}

#[require_auth(any_token = "the application limits its tokens itself")]
#[get("/any-token/{id}")]
async fn get_any_token(project: Authorized<Project, Delete>, caller: Principal) -> String {
    shown(&project, Some(&caller))
}

async fn decided<A: Action>(may: Authorizer, id: Path<String>) -> Result<String, Denial>
where
    Project: Policy<A>,
{
    let project = may.object::<Project, A>(Unchecked::from_text(&id)?).await?;
    Ok(shown(&project, may.principal()))
}

#[public]
#[get("/may/public/{id}")]
async fn get_may_public(may: Authorizer, id: Path<String>) -> Result<String, Denial> {
    decided::<Read>(may, id).await
}

#[require_scope("read:reports")]
#[get("/may/edit/{id}")]
async fn get_may_edit(may: Authorizer, id: Path<String>) -> Result<String, Denial> {
    decided::<Edit>(may, id).await
}

#[require(scope("read:reports") || network("127.0.0.0/8"))]
#[get("/may/manage/{id}")]
async fn get_may_manage(may: Authorizer, id: Path<String>) -> Result<String, Denial> {
    decided::<Manage>(may, id).await
}

#[require_auth(any_token = "the application limits its tokens itself")]
#[get("/may/any-token/{id}")]
async fn get_may_any_token(may: Authorizer, id: Path<String>) -> Result<String, Denial> {
    decided::<Delete>(may, id).await
}

fn found(answer: &Answer) -> String {
    match answer.status {
        200 => answer.text().to_owned(),
        status => format!("{status} {}", answer.problem()),
    }
}

#[test]
fn limited_credentials_perform_actions_by_their_names_only() {
    // RIGHTS-6, RIGHTS-7, RIGHTS-8, RIGHTS-14, OBJ-8, OBJ-12, OBJ-14
    let scheme = CustomScheme::new(Tokens).confers(Confers::everything());
    let builder = Auth::builder().scheme(scheme).roles::<Role>().rights_from(Memberships);
    let auth = builder.client_address(Peer).hosts(["localhost"]).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_project).service(get_managed).service(get_edited);
        let scope = scope.service(get_may_public).service(get_may_edit).service(get_may_manage);
        config.service(scope.service(get_atom).service(get_deleted).service(get_any_token).service(get_may_any_token));
    });
    let (missing, lacks, scope) = ("404 not-found", "403 insufficient-permissions", "403 insufficient-scope");
    #[rustfmt::skip]
    let table = [
        // (path, token, answer, loads, of which with the caller)
        ("/read/2",      "unlimited",  "2 alice",     1, 1),
        ("/read/2",      "everything", "2 alice",     1, 1),
        ("/read/2",      "reader",     "2 alice",     1, 1),
        ("/read/2",      "editor",     "2 alice",     1, 1),
        // Without the name it counts as anonymous: the loader, the policy and the handler get no caller.
        ("/read/2",      "empty",      missing,       1, 0),
        ("/read/1",      "empty",      "1 anonymous", 1, 0),
        ("/read/9",      "empty",      missing,       1, 0),
        // The permission is needed in the tenant of the object, which is known when the object is loaded.
        ("/managed/2",   "manager",    "2 alice",     1, 1),
        ("/managed/3",   "manager",    missing,       2, 1),
        ("/managed/9",   "manager",    missing,       2, 1),
        ("/managed/1",   "reader",     "1 anonymous", 1, 0),
        ("/managed/3",   "unlimited",  "3 alice",     1, 1),
        // Elsewhere it is refused, without a load if the name is above the ceiling.
        ("/edit/2",      "unlimited",  "2 alice",     1, 1),
        ("/edit/2",      "editor",     "2 alice",     1, 1),
        ("/edit/2",      "reader",     scope,         0, 0),
        ("/edit/1",      "empty",      scope,         0, 0),
        ("/manage/2",    "manager",    "managed",     1, 1),
        ("/manage/3",    "manager",    missing,       1, 1),
        ("/manage/2",    "editor",     lacks,         0, 0),
        ("/manage/2",    "everything", "managed",     1, 1),
        // An action without a name is closed to limited credentials.
        ("/delete/2",    "unlimited",  "2 alice",     1, 1),
        ("/delete/2",    "everything", "2 alice",     1, 1),
        ("/delete/2",    "editor",     lacks,         0, 0),
        ("/any-token/2", "empty",      "2 alice",     1, 1),
        // Inside handlers.
        ("/may/public/2", "unlimited", "2 alice",     1, 1),
        ("/may/public/1", "reader",    "1 anonymous", 1, 0), // the rule holds without a name
        ("/may/public/2", "reader",    missing,       1, 0),
        ("/may/edit/2",   "editor",    "2 alice",     1, 1),
        ("/may/edit/2",   "reader",    missing,       1, 1),
        ("/may/edit/9",   "reader",    missing,       1, 1), // OBJ-8
        ("/may/manage/2", "unlimited", "2 alice",     1, 1),
        ("/may/manage/1", "editor",    "1 alice",     2, 1), // as for an anonymous caller
        ("/may/manage/2", "editor",    missing,       2, 1),
        ("/may/manage/9", "editor",    missing,       2, 1),
        ("/may/any-token/2", "empty",  "2 alice",     1, 1),
    ];
    for (path, token, expected, loads, with_caller) in table {
        let answer = server.send(&ask(path).field("X-Token", token));
        let counted = (LOADS.swap(0, Ordering::SeqCst), WITH_CALLER.swap(0, Ordering::SeqCst));
        assert_eq!((found(&answer).as_str(), counted), (expected, (loads, with_caller)), "{path} {token}");
    }
    let _ = (Permission::PostsWrite, TokenScope::Read);
}
