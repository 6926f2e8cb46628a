//! A payroll whose CI proves what cannot be written.
//!
//! Copy this when "nobody registers a handler without a rule" should be more than what reviewers look for: the cases in
//! `tests/compile_fail` are programs that must not compile, each with the words in which the compiler says so. They are
//! built against this library as any program would be, so they name the application's own roles, and they go on failing
//! for the right reason when somebody changes these.

use actix_web::dev::HttpServiceFactory;
use actix_web::{Responder, get, web};
use auth_actix::{Auth, AuthBuilder, Jwt, Principal, require_auth, require_role};

/// Who works here. "temp" was abolished: `tests/compile_fail/role_that_was_abolished.rs` keeps it from coming back.
#[derive(auth_actix::Role)]
pub enum Role {
    /// Pays.
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

/// The issuer of tokens.
pub const ISSUER: &str = "https://id.example";
/// What they are for.
pub const AUDIENCE: &str = "payroll";

/// All settings but where the secret comes from.
pub fn settings(secret: &[u8]) -> AuthBuilder {
    Auth::builder().realm("payroll").bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
}

/// All of the application.
pub fn api(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("/api").service(salary).service(payslip)
}
