//! Tests of objects of tenants: an object of another tenant does not exist, and policies know the rights in its tenant.

use std::sync::{Arc, Mutex};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::identity::{Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::{Action, Allows, Auth, Authorized, Id, Principal, Resource, at, require, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, bearer};
use auth_tests::wire::{Answer, get as ask};
use serde_json::json;

use crate::{Role, jwt};

/// What was asked and loaded, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(", ")
    }
}

/// Alice is an editor in acme, and nothing elsewhere. Root is an administrator. The memberships in `away` are unavailable.
struct Memberships(Log);

impl RightsProvider for Memberships {
    async fn rights(&self, caller: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        self.0.add(tenant.map_or("rights".to_owned(), |tenant| format!("rights in {tenant:?}")));
        match tenant.and_then(|tenant| tenant.get("org")) {
            Some("acme") => Ok(Rights::new().roles(["editor"])),
            Some("away") => Err(RightsUnavailable),
            None if *caller == Id::user(ISSUER, "root") => Ok(Rights::new().roles(["admin"])),
            _ => Ok(Rights::new().roles([""; 0])),
        }
    }

    fn cache_ttl(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// A pipeline, whose number names its organization: 1 is in acme, 2 in umbrella, 3 in away, 4 in none.
struct Pipeline(u64);

const ORGS: [&str; 3] = ["acme", "umbrella", "away"];

#[derive(Action)]
struct See;
#[derive(Action)]
struct Operate;

impl Resource for Pipeline {
    type Key = u64;
    type Deps = Log;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> u64 {
        self.0
    }

    fn tenant(&self) -> Option<Tenant> {
        let org = ORGS.get(usize::try_from(self.0).ok()?.checked_sub(1)?)?;
        Some(Tenant::of("org", org))
    }

    async fn load(ids: &[u64], cx: &LoadContext<'_>, log: &Log) -> Result<Vec<Self>, actix_web::Error> {
        log.add(format!("load in {:?}", cx.tenant("org").ok()));
        Ok(ids.iter().filter(|id| **id < 9).map(|id| Self(*id)).collect())
    }
}

impl Allows<See> for Pipeline {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

impl Allows<Operate> for Pipeline {
    fn allows(&self, caller: &Principal) -> bool {
        self.tenant().is_some_and(|tenant| caller.has_role_in(Role::Editor, &tenant))
    }
}

/// A template, which all organizations share.
struct Template;

impl Resource for Template {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Shared("templates are for all");

    fn key(&self) -> u64 {
        1
    }

    async fn load(_: &[u64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(vec![Self])
    }
}

impl Allows<See> for Template {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

#[require_role("editor", in = org)]
#[get("/pipelines/{id}")]
async fn get_pipeline(pipeline: Authorized<Pipeline, See>) -> String {
    pipeline.0.to_string()
}

#[require(role("admin") || role("editor", in = org))]
#[get("/either/{id}")]
async fn get_either(pipeline: Authorized<Pipeline, See>) -> String {
    pipeline.0.to_string()
}

#[require_role("editor", in = org)]
#[get("/templates/{id}")]
async fn get_template(_template: Authorized<Template, See>) -> &'static str {
    "template"
}

#[require_auth]
#[get("/any/{id}")]
async fn get_any(pipeline: Authorized<Pipeline, See>) -> String {
    pipeline.0.to_string()
}

#[require(authorized(Pipeline, See))]
#[get("/atom/{id}")]
async fn get_atom() -> &'static str {
    "atom"
}

#[require_auth]
#[get("/operate/{id}")]
async fn get_operated(pipeline: Authorized<Pipeline, Operate>, _also: Authorized<Pipeline, See>) -> String {
    pipeline.0.to_string()
}

fn serve() -> (Server, Log) {
    let log = Log::default();
    let builder = Auth::builder().bearer(jwt().tenant_in_claim_if_present("org", "/org")).roles::<Role>();
    let builder = builder.tenant("org", at::header("X-Org")).rights_from(Memberships(log.clone()));
    let auth = builder.resource_deps(log.clone()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.strict_scope("").service(get_pipeline).service(get_either).service(get_template);
        config.service(scope.service(get_any).service(get_atom).service(get_operated));
    });
    (server, log)
}

fn found(answer: &Answer) -> String {
    match answer.status {
        200 => answer.text().to_owned(),
        status => format!("{status} {}", answer.problem()),
    }
}

const MISSING: &str = "404 not-found";
const LACKS: &str = "403 insufficient-permissions";
const TENANT: &str = "400 tenant-required";

#[test]
fn an_object_of_another_tenant_does_not_exist() {
    // TENANT-6, TENANT-7, TENANT-8, OBJ-14
    let (server, log) = serve();
    let alice = bearer(json!({ "sub": "alice" }));
    let of_acme = bearer(json!({ "sub": "alice", "org": "acme", "roles": ["editor"] }));
    let admin = bearer(json!({ "sub": "root" }));
    let in_acme = "rights in org=\"acme\", load in Some(\"acme\")";
    #[rustfmt::skip]
    let table = [
        // (path, organization, caller, answer, calls)
        ("/pipelines/1", Some("acme"),     Some(&alice),   "1",        in_acme),
        ("/pipelines/2", Some("acme"),     Some(&alice),   MISSING,    in_acme),
        ("/pipelines/4", Some("acme"),     Some(&alice),   MISSING,    in_acme),
        ("/pipelines/9", Some("acme"),     Some(&alice),   MISSING,    in_acme),
        ("/pipelines/2", Some("umbrella"), Some(&alice),   LACKS,      "rights in org=\"umbrella\""),
        ("/pipelines/1", None,             Some(&alice),   TENANT,     ""),
        ("/pipelines/1", Some("acme"),     None,           "401 missing-credentials", ""),
        ("/pipelines/1", Some("acme"),     Some(&of_acme), "1",        in_acme),
        // The administrator is admitted to each tenant, and needs one too.
        ("/either/2",    Some("umbrella"), Some(&admin),   "2",        "rights, rights in org=\"umbrella\", load in Some(\"umbrella\")"),
        ("/either/1",    Some("umbrella"), Some(&admin),   MISSING,    "rights, rights in org=\"umbrella\", load in Some(\"umbrella\")"),
        ("/either/1",    None,             Some(&admin),   TENANT,     "rights"),
        ("/templates/1", Some("acme"),     Some(&alice),   "template", "rights in org=\"acme\", rights"),
        // Under a rule without a tenant, the credential may still be bound to one.
        ("/any/1",       None,             Some(&alice),   "1",        "load in None, rights in org=\"acme\""),
        ("/any/2",       None,             Some(&alice),   "2",        "load in None, rights in org=\"umbrella\""),
        ("/any/1",       None,             Some(&of_acme), "1",        "load in None, rights in org=\"acme\""),
        ("/any/2",       None,             Some(&of_acme), MISSING,    "load in None"),
        ("/any/4",       None,             Some(&of_acme), MISSING,    "load in None"),
        ("/any/4",       None,             Some(&alice),   "4",        "load in None, rights"),
        ("/atom/2",      None,             Some(&of_acme), MISSING,    "load in None"),
        ("/atom/1",      None,             Some(&of_acme), "atom",     "load in None, rights in org=\"acme\""),
    ];
    for (path, org, caller, expected, calls) in table {
        log.take();
        let request = org.iter().fold(ask(path), |request, org| request.field("X-Org", org));
        let request = caller.iter().fold(request, |request, caller| request.authorization(caller));
        let answer = server.send(&request);
        assert_eq!(
            (found(&answer).as_str(), log.take().as_str()),
            (expected, calls),
            "{path} in {org:?} by {caller:?}"
        );
    }
}

#[test]
fn policies_know_the_rights_in_the_tenant_of_the_object() {
    // RIGHTS-11, RIGHTS-12
    let (server, log) = serve();
    let alice = bearer(json!({ "sub": "alice" }));
    #[rustfmt::skip]
    let table = [
        ("/operate/1", "1",                             "load in None, rights in org=\"acme\""),
        ("/operate/2", MISSING,                         "load in None, rights in org=\"umbrella\""),
        ("/operate/3", "503 authentication-unavailable", "load in None, rights in org=\"away\""),
    ];
    for (path, expected, calls) in table {
        let answer = server.send(&ask(path).authorization(&alice));
        assert_eq!((found(&answer).as_str(), log.take().as_str()), (expected, calls), "{path}");
    }
}
