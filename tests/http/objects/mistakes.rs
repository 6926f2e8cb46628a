//! Tests of loaders and policies that do not do what they should, and of settings that are missing.

use std::collections::HashSet;

use actix_web::web::ServiceConfig;
use actix_web::{get, web};
use auth_actix::object::{LoadContext, PolicyContext, PolicyUnavailable, Tenancy};
use auth_actix::{
    Action, Allows, Auth, Authorized, BuildError, Policy, Principal, Resource, require, require_auth, rule,
};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Answer, get as ask};
use serde_json::json;

use crate::{Role, bearer_only};

/// What the loader of an order does, by its number.
#[derive(Clone)]
struct Order(u64);

#[derive(Action)]
struct Read;
#[derive(Action)]
struct Pay;

#[derive(Clone)]
struct Database;

impl Resource for Order {
    type Key = u64;
    type Deps = Database;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";

    fn key(&self) -> u64 {
        self.0
    }

    async fn load(ids: &[u64], cx: &LoadContext<'_>, Database: &Database) -> Result<Vec<Self>, actix_web::Error> {
        match ids {
            // Rows in another order, or of another key, must not be matched by their position.
            [1] => Ok(vec![Self(2)]),
            [2] => Ok(vec![Self(2), Self(2)]),
            [3] => Ok(vec![Self(3), Self(1)]),
            [4] => Err(actix_web::error::ErrorConflict("locked")),
            [5] => Err(actix_web::error::ErrorInternalServerError("SELECT secret")),
            [6] => Err(actix_web::error::InternalError::new("fine", actix_web::http::StatusCode::OK).into()),
            [7] => panic!("as loaders do"),
            [8] => cx.tenant("org").map(|_| Vec::new()).map_err(Into::into),
            ids => Ok(ids.iter().map(|id| Self(*id)).collect()),
        }
    }
}

impl Allows<Read> for Order {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

impl Policy<Pay> for Order {
    async fn allowed(orders: &[&Self], cx: &PolicyContext<'_>) -> Result<HashSet<u64>, PolicyUnavailable> {
        let [Self(id)] = *orders else { return Err(PolicyUnavailable) };
        let is_alice = cx.caller.is_some_and(|caller| caller.local_subject() == "alice");
        match id {
            20 => Err(PolicyUnavailable),
            21 => Ok(HashSet::from([22])),
            22 => Ok(HashSet::from([22, 23])),
            23 => panic!("as policies do"),
            id => Ok(HashSet::from_iter(is_alice.then_some(*id))),
        }
    }
}

#[require_auth]
#[get("/orders/{id}")]
async fn get_order(order: Authorized<Order, Read>) -> String {
    order.0.to_string()
}

#[require(role("admin") || authorized(Order, Pay))]
#[get("/paid/{id}")]
async fn get_paid() -> &'static str {
    "paid"
}

fn found(answer: &Answer) -> String {
    match (answer.status, answer.field("content-type")) {
        (200, _) => answer.text().to_owned(),
        (status, Some("application/problem+json")) => format!("{status} {}", answer.problem()),
        (status, _) => format!("{status} {}", answer.text()),
    }
}

#[test]
fn wrong_answers_of_loaders_and_policies_grant_nothing() {
    // OBJ-9, OBJ-15, DECIDE-9
    let auth = bearer_only().resource_deps(Database).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.strict_scope("").service(get_order).service(get_paid));
    });
    let failed = "500 check-failed";
    #[rustfmt::skip]
    let table = [
        ("/orders/1",  "alice", failed),
        ("/orders/2",  "alice", failed),
        ("/orders/3",  "alice", failed),
        ("/orders/4",  "alice", "409 locked"),
        ("/orders/5",  "alice", failed),
        ("/orders/6",  "alice", failed),
        ("/orders/7",  "alice", failed),
        ("/orders/8",  "alice", "500 check-failed"),
        ("/orders/9",  "alice", "9"),
        ("/paid/9",    "alice", "paid"),
        ("/paid/9",    "bob",   "404 not-found"),
        ("/paid/20",   "alice", "503 authorization-unavailable"),
        ("/paid/21",   "alice", failed),
        ("/paid/22",   "alice", failed),
        ("/paid/23",   "alice", failed),
    ];
    for (path, caller, expected) in table {
        let answer = server.send(&ask(path).authorization(bearer(json!({ "sub": caller }))));
        assert_eq!(found(&answer), expected, "{path} by {caller}");
        assert!(!answer.text().contains("SELECT"), "{path}");
    }
    let away = server.send(&ask("/paid/20").authorization(bearer(json!({ "sub": "alice" }))));
    assert_eq!(away.field("retry-after"), Some("5"));
}

/// An object of an organization.
struct Report;

impl Resource for Report {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> u64 {
        1
    }

    async fn load(_: &[u64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(vec![Self])
    }
}

impl Allows<Read> for Report {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

#[require_auth]
#[get("/reports/{id}")]
async fn get_report(_report: Authorized<Report, Read>) -> &'static str {
    "report"
}

/// The attribute cannot see the object, because it is a type parameter.
#[require_auth]
async fn get_generic<R: Policy<Read>>(_object: Authorized<R, Read>) -> &'static str {
    "object"
}

fn told(mistakes: Result<(), Vec<auth_actix::web::RuleError>>) -> String {
    mistakes.err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn objects_that_cannot_be_loaded_or_decided_fail_at_start_up() {
    // OBJ-16, TENANT-8
    let builder = || bearer_only().roles_from(crate::memberships::Database::default().roles());
    let without = builder().build().unwrap();
    let with = builder().resource_deps(Database).build().unwrap();
    assert_eq!(told(with.scope("").service(get_order).service(get_paid).check()), "");
    let wrong = told(without.scope("").service(get_order).service(get_paid).check());
    assert!(wrong.contains("get_order") && wrong.contains("get_paid") && wrong.lines().count() == 2, "{wrong}");
    assert!(wrong.contains("Database`: call `.resource_deps(…)`"), "{wrong}");
    // The rule of a scope names a tenant that the objects do not have.
    let scope = |auth: &Auth| auth.scope("/{team}").require(rule!(role("editor", in = team)));
    let wrong = told(scope(&with).service(get_report).check());
    assert!(wrong.contains("has no tenant `team`: write `Tenancy::Of(&[\"team\"])`"), "{wrong}");
    let scope = with.scope("/{org}").require(rule!(role("editor", in = org)));
    assert_eq!(told(scope.service(get_report).check()), "");
    let twice = bearer_only().resource_deps(Database).resource_deps(Database).build();
    assert!(matches!(twice, Err(BuildError::ResourceDepsTwice(name)) if name.ends_with("Database")));
}

#[test]
fn objects_that_the_rule_cannot_see_are_checked_at_extraction() {
    // TENANT-8, OBJ-16
    let builder = || bearer_only().roles_from(crate::memberships::Database::default().roles());
    let (with, without) = (builder().resource_deps(Database).build().unwrap(), builder().build().unwrap());
    let server = Server::start(move |config: &mut ServiceConfig| {
        let generic = || auth_actix::web::get().to(get_generic::<Order>);
        config.service(with.scope("/generic").route("/{id}", generic()));
        let tenant = with.scope("/in").service(
            with.scope("/{org}")
                .require(rule!(role("editor", in = org)))
                .route("/{id}", auth_actix::web::get().to(get_generic::<Report>)),
        );
        config.service(tenant);
        // A handler of plain actix.
        let plain = web::resource("/plain/{id}").app_data(with.clone());
        config.service(plain.route(web::get().to(async |order: Authorized<Order, Read>| order.0.to_string())));
        config.service(
            web::resource("/without/{id}")
                .app_data(without.clone())
                .route(web::get().to(async |order: Authorized<Order, Read>| order.0.to_string())),
        );
    });
    let caller = || bearer(json!({ "sub": "alice", "roles": ["editor"] }));
    #[rustfmt::skip]
    let table = [
        ("/generic/9",  200),
        ("/generic/1",  500),
        ("/plain/9",    200),
        ("/without/9",  500),
    ];
    for (path, status) in table {
        assert_eq!(server.send(&ask(path).authorization(caller())).status, status, "{path}");
        assert_eq!(server.send(&ask(path)).status, 401, "{path} by an anonymous caller");
    }
    let _ = Role::Admin;
}
