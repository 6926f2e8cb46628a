//! A crate that denies all warnings, including pedantic ones.
#![deny(warnings, unused, nonstandard_style, rust_2018_idioms, future_incompatible)]
#![deny(missing_docs, unreachable_pub, unused_qualifications, unused_lifetimes, single_use_lifetimes, trivial_casts)]
#![deny(unsafe_code, non_local_definitions, let_underscore_drop, missing_debug_implementations, unit_bindings)]
#![warn(clippy::all, clippy::pedantic)]

use actix_web::{App, HttpResponse, Responder, get, post, web};
use auth_actix::{Auth, Principal, deny_network, public, require, require_auth, require_role};
use serde::Deserialize;

/// The roles of employees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, auth_actix::Role)]
pub enum Role {
    /// Manages the application.
    #[role(implies(Editor), grants(Permission::PostsWrite))]
    Admin,
    /// Writes posts.
    Editor,
    /// Has no access at present.
    Suspended,
}

/// The permissions of employees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, auth_actix::Permission)]
pub enum Permission {
    /// Write posts.
    #[permission("posts:write")]
    PostsWrite,
}

#[derive(Debug, Deserialize)]
struct Page {
    number: u32,
    size: u32,
}

/// Returns whether the server is available.
#[public]
#[deny_network("203.0.113.0/24")]
#[get("/health")]
async fn health() -> impl Responder {
    std::future::ready("up").await
}

/// Returns a page of reports.
#[require_role("editor")]
#[get("/reports")]
async fn reports(user: Principal, web::Query(Page { number, mut size }): web::Query<Page>) -> HttpResponse {
    size = std::future::ready(size.max(1)).await;
    let may_write = user.has_permission(Permission::PostsWrite) || user.has_role(Role::Admin);
    HttpResponse::Ok().body(format!("{number} {size} {may_write}"))
}

/// Writes a report. The rule is below the route.
#[post("/reports")]
#[require(role("admin") && !role("suspended"))]
async fn write(_: Principal, body: String) -> Result<String, actix_web::Error> {
    std::future::ready(Ok(body)).await
}

/// A plain function with a rule.
#[require_auth(max_age = "5m")]
async fn plain<const SIZE: usize>(_unused: web::Data<[u8; SIZE]>) -> String {
    std::future::ready(SIZE.to_string()).await
}

/// Returns a future.
#[require_auth]
#[get("/later")]
fn later(id: web::Path<u64>) -> impl Future<Output = String> {
    let id = id.into_inner();
    async move { id.to_string() }
}

fn register(auth: &Auth) {
    let scope = auth.scope("/api").service(health).service(reports).service(later);
    drop(App::new().service(scope.route("/plain", auth_actix::web::get().to(plain::<16>))));
    drop(App::new().app_data(auth.clone()).service(write));
}

fn main() {
    let _: fn(&Auth) = register;
    assert_ne!(Role::Suspended, Role::Editor);
}
