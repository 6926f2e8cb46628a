//! The roles and handlers of the tool, shared by the server and `add-user`.

use actix_web::dev::HttpServiceFactory;
use actix_web::{Responder, get, post, web};
use auth_actix::{Auth, Principal, require_auth, require_role};

/// The roles of users. The third field of a line in the user file contains these names.
#[derive(auth_actix::Role)]
pub enum Role {
    /// Restarts services.
    Operator,
    /// Reads the log.
    Auditor,
}

#[require_auth]
#[get("/")]
async fn overview(caller: Principal) -> impl Responder {
    let may = if caller.has_role(Role::Operator) { "may" } else { "may not" };
    format!("hello {}, you {may} restart services\n", caller.local_subject())
}

// Browsers attach the password to every request, including requests that a foreign page initiates. Such a POST is denied before the
// password is verified, so no further CSRF protection is needed.
#[require_role("operator")]
#[post("/services/{name}/restart")]
async fn restart(name: web::Path<String>) -> impl Responder {
    format!("{name} restarts\n")
}

#[require_role(any("operator", "auditor"))]
#[get("/log")]
async fn log() -> impl Responder {
    "nothing happened\n"
}

/// Returns all routes of the application.
pub fn tool(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(overview).service(restart).service(log)
}
