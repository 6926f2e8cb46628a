// A handler for an export was added without a rule.
use actix_web::{Responder, get};
use auth_actix::Auth;

#[get("/export")]
async fn export() -> impl Responder {
    "all salaries"
}

fn api(auth: &Auth) {
    let _ = auth.scope("/api").service(export);
}

fn main() {}
