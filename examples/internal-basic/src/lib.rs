//! What the server and `add-user` share: the roles, the handlers, and how they are put together.

use actix_web::dev::HttpServiceFactory;
use actix_web::{Responder, get, post, web};
use auth_actix::{Auth, Principal, require_auth, require_role};

/// Who works with the tool. The third field of a line in the file of users names these.
#[derive(auth_actix::Role)]
pub enum Role {
    /// Restarts services.
    Operator,
    /// Reads what happened.
    Auditor,
}

#[require_auth]
#[get("/")]
async fn overview(caller: Principal) -> impl Responder {
    let may = if caller.has_role(Role::Operator) { "may" } else { "may not" };
    format!("hello {}, you {may} restart services\n", caller.local_subject())
}

// A browser sends the password with whatever request it makes, also with one that the page of a stranger had it make.
// Such a POST is refused before the password is looked at, so nothing has to be added here against CSRF.
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

/// All of the application.
pub fn tool(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(overview).service(restart).service(log)
}
