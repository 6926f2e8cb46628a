//! Tests of `ListFilter`: a list contains the objects that `Authorized` admits.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, get};
use auth_actix::identity::{PrincipalBuilder, Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::list::{Columns, Condition, Dialect, ListFilter, Visible};
use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme};
use auth_actix::{
    Action, Allows, Auth, Authorized, Confers, Id, LocalBoxFuture, Principal, Resource, at, public, require,
    require_auth, require_role,
};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, bearer};
use auth_tests::wire::{Answer, get as ask};
use serde_json::json;

use crate::{Permission, Role, TokenScope, jwt};

/// A report. Those with a number below 10 are published, the others are of Alice.
#[derive(Columns)]
#[columns(table = "reports", tenant(org = org_id))]
struct Report {
    id: i64,
    org_id: Option<i64>,
    author: Option<Id>,
    published: bool,
}

/// The reports. Two of each organization, and two that name none.
fn reports() -> Vec<Report> {
    let report = |id: i64, org_id| {
        let author = (id >= 10).then(|| Id::user(ISSUER, "alice"));
        Report { id, org_id, author, published: id < 10 }
    };
    [(1, Some(1)), (11, Some(1)), (2, Some(2)), (12, Some(2)), (3, None), (13, None)]
        .map(|(id, org)| report(id, org))
        .into()
}

#[derive(Action)]
#[action(scope = "read:reports")]
struct Read;
#[derive(Action)]
#[action(permission = "posts:write")]
struct Manage;
#[derive(Action)]
struct Delete;
#[derive(Action)]
#[action(scope = "read:reports")]
struct Edit;

impl Resource for Report {
    type Key = i64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> i64 {
        self.id
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::of("org", &self.org_id?.to_string()))
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(reports().into_iter().filter(|report| ids.contains(&report.id)).collect())
    }
}

macro_rules! published_or_own {
    ($($action:ident)*) => {$(
        impl Visible<$action> for Report {
            fn condition(caller: Option<&Principal>) -> Condition<Self> {
                Report::PUBLISHED.is(true) | Report::AUTHOR.is(caller.map(|caller| caller.id()))
            }
        }
    )*};
}

published_or_own!(Read Manage Delete);

impl Allows<Edit> for Report {
    fn allows(&self, caller: &Principal) -> bool {
        self.author == Some(caller.id())
    }
}

/// Returns the ids of the list. The condition and `retain` must agree.
fn shown<A: Action>(filter: &ListFilter<Report, A>, caller: Option<&Principal>) -> String
where
    Report: Visible<A>,
{
    let condition = filter.condition();
    let by_condition: Vec<_> = reports().into_iter().filter(|row| condition.holds(row)).map(|row| row.id).collect();
    let ids = retained(filter);
    assert_eq!(ids, format!("{by_condition:?}"));
    assert_eq!(filter.to_sql(Dialect::Sqlite, 1).0, condition.to_sql(Dialect::Sqlite, 1).0);
    format!("{ids}{}", if caller.is_some() { " alice" } else { "" })
}

fn retained<A: Action>(filter: &ListFilter<Report, A>) -> String
where
    Report: Allows<A>,
{
    let mut loaded = reports();
    filter.retain(&mut loaded);
    format!("{:?}", loaded.iter().map(|report| report.id).collect::<Vec<_>>())
}

#[public]
#[get("/public")]
async fn get_public(filter: ListFilter<Report, Read>, caller: Option<Principal>) -> String {
    shown(&filter, caller.as_ref())
}

#[public]
#[get("/public/{id}")]
async fn get_one(report: Authorized<Report, Read>) -> String {
    report.id.to_string()
}

#[require_auth]
#[get("/all")]
async fn get_all(filter: ListFilter<Report, Read>, caller: Principal) -> String {
    shown(&filter, Some(&caller))
}

#[require_role("editor", in = org)]
#[get("/org")]
async fn get_org(filter: ListFilter<Report, Read>) -> String {
    shown(&filter, None)
}

#[require(role("admin") || role("editor", in = org))]
#[get("/either")]
async fn get_either(filter: ListFilter<Report, Read>) -> String {
    shown(&filter, None)
}

#[public]
#[get("/managed")]
async fn get_managed(filter: ListFilter<Report, Manage>, caller: Option<Principal>) -> String {
    shown(&filter, caller.as_ref())
}

#[require_role("editor", in = org)]
#[get("/managed-org")]
async fn get_managed_org(filter: ListFilter<Report, Manage>) -> String {
    shown(&filter, None)
}

#[require_auth]
#[get("/deleted")]
async fn get_deleted(filter: ListFilter<Report, Delete>) -> String {
    shown(&filter, None)
}

#[require_auth(any_token = "the application limits its tokens itself")]
#[get("/any-token")]
async fn get_any_token(filter: ListFilter<Report, Delete>) -> String {
    shown(&filter, None)
}

#[require_auth]
#[get("/edited")]
async fn get_edited(filter: ListFilter<Report, Edit>) -> String {
    retained(&filter)
}

/// A handler whose attribute cannot see the argument.
#[require_auth]
async fn get_generic<A: Action>(filter: ListFilter<Report, A>) -> String
where
    Report: Visible<A>,
{
    shown(&filter, None)
}

/// Tokens of Alice. The text of each names its ceiling.
struct Tokens;

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
        let ceiling = match token {
            "empty" => Rights::new(),
            "reader" => Rights::new().scopes(["read:reports"]),
            "manager" => Rights::new().permissions(["posts:write"]).roles(["editor"]),
            _ => Rights::everything(),
        };
        Box::pin(std::future::ready(Ok(Principal::builder("alice").ceiling(ceiling))))
    }
}

/// Each caller is an editor in organization 1. Root is an administrator.
struct Memberships;

impl RightsProvider for Memberships {
    async fn rights(&self, caller: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        match tenant.and_then(|tenant| tenant.get("org")) {
            Some("1" | "01") => Ok(Rights::new().roles(["editor"]).permissions(["posts:write"])),
            Some("away") => Err(RightsUnavailable),
            None if *caller == Id::user(ISSUER, "root") => Ok(Rights::new().roles(["admin"])),
            _ => Ok(Rights::new().roles([""; 0]).permissions([""; 0])),
        }
    }
}

fn auth() -> Auth {
    let tokens = jwt().tenant_in_claim_if_present("org", "/org").confers(Confers::everything());
    let builder = Auth::builder().bearer(tokens).roles::<Role>();
    let builder = builder.scheme(CustomScheme::new(Tokens).confers(Confers::everything()));
    builder.tenant("org", at::header("X-Org")).rights_from(Memberships).build().unwrap()
}

fn serve() -> Server {
    let auth = auth();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.strict_scope("").service(get_public).service(get_one).service(get_all).service(get_org);
        let scope = scope.service(get_either).service(get_managed).service(get_managed_org).service(get_deleted);
        let scope = scope.service(get_any_token).service(get_edited);
        config.service(scope.route("/generic", auth_actix::web::get().to(get_generic::<Read>)));
    })
}

fn found(answer: &Answer) -> String {
    match answer.status {
        200 => answer.text().to_owned(),
        status => format!("{status} {}", answer.problem()),
    }
}

#[test]
fn a_list_contains_what_the_condition_and_the_tenant_admit() {
    // LIST-1, LIST-7, TENANT-6, TENANT-8, OBJ-12
    let server = serve();
    let alice = bearer(json!({ "sub": "alice" }));
    let root = bearer(json!({ "sub": "root" }));
    let bound = |org: &str| bearer(json!({ "sub": "alice", "org": org, "roles": ["editor"] }));
    let (of_one, of_two, padded) = (bound("1"), bound("2"), bound("01"));
    #[rustfmt::skip]
    let table = [
        // (path, organization, caller, answer)
        ("/public",  None,       None,          "[1, 2, 3]"),
        ("/public",  None,       Some(&root),   "[1, 2, 3] alice"),
        ("/public",  None,       Some(&alice),  "[1, 11, 2, 12, 3, 13] alice"),
        ("/all",     None,       Some(&alice),  "[1, 11, 2, 12, 3, 13] alice"),
        ("/all",     None,       None,          "401 missing-credentials"),
        // The credential is bound to an organization. What names none does not exist for it.
        ("/public",  None,       Some(&of_one), "[1, 11] alice"),
        ("/all",     None,       Some(&of_two), "[2, 12] alice"),
        ("/all",     None,       Some(&padded), "[] alice"),
        // The tenant that was decided on.
        ("/org",     Some("1"),  Some(&alice),  "[1, 11]"),
        ("/org",     Some("01"), Some(&alice),  "[]"),
        ("/org",     Some("2"),  Some(&alice),  "403 insufficient-permissions"),
        ("/org",     None,       Some(&alice),  "400 tenant-required"),
        ("/org",     Some("1"),  Some(&of_one), "[1, 11]"),
        ("/org",     Some("1"),  Some(&of_two), "403 insufficient-permissions"),
        // The administrator is admitted to each tenant, and needs one too.
        ("/either",  Some("2"),  Some(&root),   "[2]"),
        ("/either",  None,       Some(&root),   "400 tenant-required"),
        // A policy that is not a condition filters what was loaded.
        ("/edited",  None,       Some(&alice),  "[11, 12, 13]"),
        ("/edited",  None,       Some(&of_one), "[11]"),
        ("/generic", None,       Some(&alice),  "[1, 11, 2, 12, 3, 13]"),
        ("/generic", None,       Some(&of_one), "[1, 11]"),
    ];
    for (path, org, caller, expected) in table {
        let request = org.iter().fold(ask(path), |request, org| request.field("X-Org", org));
        let request = caller.iter().fold(request, |request, caller| request.authorization(caller));
        assert_eq!(found(&server.send(&request)), expected, "{path} in {org:?} by {caller:?}");
    }
    for (id, status) in [(1, 200), (11, 404), (2, 200), (13, 404)] {
        assert_eq!(server.send(&ask(&format!("/public/{id}"))).status, status, "{id}");
    }
}

#[test]
fn limited_credentials_list_by_the_name_of_the_action_only() {
    // RIGHTS-6, RIGHTS-7, RIGHTS-8, RIGHTS-12, RIGHTS-14
    let server = serve();
    let anonymous = "[1, 2, 3]";
    let (lacks, scope) = ("403 insufficient-permissions", "403 insufficient-scope");
    #[rustfmt::skip]
    let table = [
        // (path, organization, token, answer). The author of the reports is another identity than that of these tokens.
        ("/public",      None,         "everything", "[1, 2, 3] alice"),
        ("/public",      None,         "reader",     "[1, 2, 3] alice"),
        ("/public",      None,         "empty",      anonymous),
        ("/all",         None,         "reader",     "[1, 2, 3] alice"),
        ("/all",         None,         "manager",    scope),
        ("/all",         None,         "empty",      scope),
        // Objects of several organizations: a permission in one of them does not count for all.
        ("/managed",     None,         "manager",    anonymous),
        ("/managed",     None,         "everything", "[1, 2, 3] alice"),
        ("/managed-org", Some("1"),    "manager",    "[1]"),
        ("/managed-org", Some("1"),    "reader",     lacks),
        ("/managed-org", Some("away"), "manager",    "503 authentication-unavailable"),
        ("/deleted",     None,         "reader",     lacks),
        ("/deleted",     None,         "everything", anonymous),
        ("/any-token",   None,         "empty",      anonymous),
        // The attribute cannot see which name the action requires.
        ("/generic",     None,         "reader",     lacks),
    ];
    for (path, org, token, expected) in table {
        let request = org.iter().fold(ask(path).field("X-Token", token), |request, org| request.field("X-Org", org));
        assert_eq!(found(&server.send(&request)), expected, "{path} in {org:?} by {token}");
    }
    let _ = (Permission::PostsWrite, TokenScope::Read);
}

#[actix_web::test]
async fn the_matrix_shows_which_handlers_take_a_filter() {
    let auth = auth();
    let app = actix_web::App::new().service(auth.scope("").service(get_public).service(get_org));
    let text = auth_actix::test::access_matrix(app).await.to_markdown();
    assert!(text.contains("- `GET /org`: `role(\"editor\", in = org) && list(Report, Read)`"), "{text}");
    assert!(text.contains("- `GET /public`: `list(Report, Read)`"), "{text}");
    assert_eq!(auth_actix::matrix::Matrix::from_markdown(&text).unwrap().to_markdown(), text);
}
