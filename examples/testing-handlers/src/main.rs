//! An expense API in which a second person has to approve each expense. It is small, because this example is about `tests.rs`.
//!
//! Copy the tests. They show how to test the logic of a handler, how to test the rules with different callers, and how to test the
//! verification of real credentials. Run them with `cargo test -p testing-handlers`.
//!
//! Run the server with `cargo run -p testing-handlers`. `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least
//! 32 bytes) is the secret that signs tokens.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpResponse, HttpServer, Responder, get, post, web};
use auth_actix::{Auth, AuthBuilder, Id, Jwt, Principal, public, require_auth, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Approver,
}

struct Expense {
    of: Id,
    approved: bool,
}

#[derive(Default)]
struct Expenses(Mutex<BTreeMap<u64, Expense>>);

// The rule decides who may approve expenses. The handler denies approval of the caller's own expense, because that depends on the
// object.
#[require_role("approver")]
#[post("/expenses/{id}/approve")]
async fn approve_expense(caller: Principal, id: web::Path<u64>, expenses: web::Data<Expenses>) -> HttpResponse {
    match expenses.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
        None => HttpResponse::NotFound().finish(),
        Some(expense) if expense.of == caller.id() => {
            HttpResponse::Conflict().body("another person has to approve this\n")
        }
        Some(expense) => {
            expense.approved = true;
            HttpResponse::NoContent().finish()
        }
    }
}

// Requires a recent login before bank details are shown.
#[require_auth(max_age = "15m")]
#[get("/bank-account")]
async fn show_account(caller: Principal) -> impl Responder {
    format!("the account of {}\n", caller.local_subject())
}

#[public]
#[get("/greeting")]
async fn greet(caller: Option<Principal>) -> impl Responder {
    let name = caller.map_or_else(|| "anonymous".to_owned(), |caller| caller.local_subject().into_owned());
    format!("hello {name}\n")
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "expenses";

fn settings(secret: &[u8]) -> AuthBuilder {
    Auth::builder().realm("expenses").bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
}

fn api(auth: &Auth, expenses: &web::Data<Expenses>) -> impl HttpServiceFactory + use<> {
    auth.scope("").app_data(expenses.clone()).service(approve_expense).service(show_account).service(greet)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    let expenses = web::Data::<Expenses>::default();
    HttpServer::new(move || App::new().service(api(&auth, &expenses))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests;
