// The handler was made public temporarily, but still takes the principal.
use actix_web::{Responder, get};
use auth_actix::{Principal, public};

#[public]
#[get("/payslip")]
async fn payslip(caller: Principal) -> impl Responder {
    format!("the payslip of {}", caller.local_subject())
}

fn main() {}
