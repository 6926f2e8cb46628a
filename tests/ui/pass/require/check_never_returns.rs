//! An expression that never returns is valid as a check.
#![deny(warnings)]
use actix_web::{App, get, web};
use auth_actix::{Auth, Role, require};

#[derive(Role)]
enum Role {
    Admin,
}

#[require(role("admin") || check(todo!("ask the store")))]
#[get("/todo")]
async fn later() -> &'static str {
    "later"
}

#[require(role("admin") || check(unimplemented!("whose is {id}?")))]
#[get("/of/{id}")]
async fn of_an_argument(id: web::Path<u64>) -> Result<String, actix_web::Error> {
    Ok(id.to_string())
}

#[require(role("admin") || !check(std::todo!()) || check({ let _ = &id; unreachable!(); }))]
#[get("/block/{id}")]
async fn in_a_block(id: web::Path<u64>) -> String {
    id.to_string()
}

fn nobody_knows() -> ! {
    std::process::exit(1)
}

#[allow(unreachable_code)]
#[require(role("admin") || check(nobody_knows()))]
#[get("/call")]
async fn call() -> &'static str {
    "call"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/").service(later).service(of_an_argument).service(in_a_block).service(call));
    };
}
