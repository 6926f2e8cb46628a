// A rule from an old branch names a role that was removed. Some tokens still contain "temp".
use actix_web::{Responder, get};
use auth_actix::require_role;
use compile_fail_ci::Role;

#[require_role(any("accountant", "temp"))]
#[get("/salaries")]
async fn salaries() -> impl Responder {
    "all salaries"
}

fn main() {}
