//! Code that compiles under `forbid` with plain actix also compiles with rules: generated code allows no forbidden lint.
#![deny(warnings)]
#![forbid(dead_code, unused_imports, unused_variables, unused_mut, unreachable_pub, unreachable_code)]
#![forbid(missing_docs, missing_debug_implementations, non_snake_case, private_interfaces, private_bounds)]
#![forbid(non_local_definitions, unused_qualifications, unused_lifetimes, let_underscore_drop, unsafe_code)]

use actix_web::{App, get, post, web};
use auth_actix::{Auth, Granted, Permission, Principal, Role, deny_network, public, require, require_auth, require_role};

/// The roles of employees.
#[derive(Debug, Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor), grants(Permission::Write))]
    Admin,
    Editor,
}

#[derive(Debug, Permission)]
enum Permission {
    Write,
}

#[public]
#[deny_network("10.0.0.0/8")]
#[get("/health")]
async fn health() -> &'static str {
    "up"
}

#[require_auth(max_age = "5m")]
#[require_role("admin")]
#[get("/reports")]
async fn reports(user: Principal, _: Granted<proof::Editor>) -> String {
    user.id().to_string()
}

#[post("/reports")]
#[require(role("admin") && permission("write"), redundant = "said twice")]
async fn write() -> &'static str {
    "written"
}

#[require(role("admin") || check(*id == 1))]
#[get("/only/{id}")]
async fn only_in_the_check(id: web::Path<u64>) -> &'static str {
    "report"
}

#[require(role("admin") || check({ *id += 1; *id == 2 }))]
async fn changed_in_the_check(mut id: web::Path<u64>) -> &'static str {
    "report"
}

#[require(role("admin") || check(*id == 1))]
async fn changed_in_the_body(mut id: web::Path<u64>) -> String {
    *id += 1;
    id.to_string()
}

#[require_auth(max_age = "5m")]
#[require_role("editor")]
async fn plain() -> &'static str {
    "plain"
}

#[require_auth]
#[require_role("admin", redundant = "generic")]
async fn generic<T: ToString + 'static>(data: web::Data<T>) -> String {
    data.to_string()
}

fn local() -> impl actix_web::dev::HttpServiceFactory + auth_actix::web::Service {
    #[require_role("admin")]
    #[get("/local")]
    async fn local() -> &'static str {
        "local"
    }
    local
}

fn register(auth: &Auth) {
    use auth_actix::web::get;
    let scope = auth.scope("/api").service(health).service(reports).service(only_in_the_check).service(local());
    let scope = scope.route("/a", get().to(changed_in_the_check)).route("/b", get().to(changed_in_the_body));
    let scope = scope.route("/c", get().to(plain)).route("/d", get().to(generic::<u8>));
    drop(App::new().service(scope).app_data(auth.clone()).service(write));
}

fn main() {
    let _: fn(&Auth) = register;
    let _ = (Role::Admin, Role::Editor, Permission::Write);
}
