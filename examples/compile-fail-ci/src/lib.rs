//! A payroll API whose CI tests that incorrect programs do not compile.
//!
//! Copy this if "every handler has a rule" should be enforced by more than code review. The cases in `tests/compile_fail` are
//! programs that must not compile, each with the expected compiler message. They are built against this library like any other
//! program, so they use the application's own roles, and they still have to fail for the right reason after those roles change.
//!
//! Run it with `cargo run -p compile-fail-ci`, and the compile-fail tests with `cargo test -p compile-fail-ci`.

use actix_web::dev::HttpServiceFactory;
use actix_web::{Responder, get, web};
use auth_actix::{Auth, AuthBuilder, Jwt, Principal, require_auth, require_role};

/// The roles of employees. "temp" was removed: `tests/compile_fail/role_is_not_declared.rs` keeps it from being reintroduced.
#[derive(auth_actix::Role)]
pub enum Role {
    /// Sees all salaries.
    Accountant,
}

#[require_role("accountant")]
#[get("/salaries/{id}")]
async fn salary(id: web::Path<u64>) -> impl Responder {
    format!("the salary of {id}\n")
}

#[require_auth]
#[get("/payslip")]
async fn payslip(caller: Principal) -> impl Responder {
    format!("the payslip of {}\n", caller.local_subject())
}

/// The issuer of accepted tokens.
pub const ISSUER: &str = "https://id.example";
/// The audience of accepted tokens.
pub const AUDIENCE: &str = "payroll";

/// Returns the configuration. Only the secret is passed in.
pub fn settings(secret: &[u8]) -> AuthBuilder {
    Auth::builder().realm("payroll").bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
}

/// Returns all routes of the application.
pub fn api(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("/api").service(salary).service(payslip)
}
