//! A shop for spare parts that accepts its own tokens and those of a partner.
//!
//! Copy this if tokens come from more than one issuer. Two things change. Each issuer must declare what it may confer, because the
//! less trusted one could otherwise create administrators. A customer is an account of the shop, found by issuer and subject
//! together, because both issuers may have an "alice". The account is created at the first login.
//!
//! Run it with `cargo run -p two-issuers`. `JWT_SECRET` (at least 32 bytes) is the secret that signs the shop's own tokens.
//! `PARTNER_KEY` and `PARTNER_NEXT_KEY` are paths of PEM files with the partner's public keys. `PORT` is the port to listen on
//! (8080 by default).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpResponse, HttpServer, Responder, delete, get, post, web};
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Who};
use auth_actix::jwt::{Algorithm, Key};
use auth_actix::{Auth, BuildError, Caller, Confers, Id, Jwt, require_auth, require_role};

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Buyer))]
    Clerk,
    Buyer,
}

/// A customer. `number` is never used again.
#[derive(Clone, Copy)]
struct Customer {
    number: usize,
}

/// The customers by login: issuer and subject. A subject alone is unique only within one issuer and must not be used as a key.
#[derive(Default)]
struct Customers(Mutex<BTreeMap<String, Customer>>);

impl Customers {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Customer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accounts for Customers {
    type Account = Customer;
    type Error = Infallible;
    const KINDS: &'static [&'static str] = &["customer"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Customer>, Infallible> {
        let customers = self.all();
        let customer = match login.who() {
            Who::External(login) => customers.get(&login.to_string()).copied(),
            Who::Account(id) => customers.values().copied().find(|known| self.account_id(known) == *id),
        };
        Ok(customer.map_or(Lookup::NotFound, Lookup::Found))
    }

    /// Creates the account of a login that has none.
    async fn provision(&self, login: &Login<'_>) -> Result<Lookup<Customer>, Infallible> {
        let Who::External(login) = login.who() else { return Ok(Lookup::NotFound) };
        let mut customers = self.all();
        let new = Customer { number: customers.len() + 1 };
        Ok(Lookup::Found(*customers.entry(login.to_string()).or_insert(new)))
    }

    fn account_id(&self, customer: &Customer) -> AccountId {
        AccountId::new("customer", customer.number)
    }
}

/// An order, owned by an account.
struct Order {
    owner: Id,
    part: String,
}

#[derive(Default)]
struct Orders(Mutex<Vec<Order>>);

impl Orders {
    fn all(&self) -> MutexGuard<'_, Vec<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[require_role("buyer")]
#[post("/orders")]
async fn place_order(customer: Caller<Customer>, part: String, orders: web::Data<Orders>) -> impl Responder {
    let mut orders = orders.all();
    orders.push(Order { owner: customer.principal().id(), part });
    format!("{}", orders.len() - 1)
}

// The rule requires a login. Ownership depends on the order, so the handler checks it. An order of another caller is answered like
// a missing one.
#[require_auth]
#[get("/orders/{number}")]
async fn show_order(customer: Caller<Customer>, number: web::Path<usize>, orders: web::Data<Orders>) -> impl Responder {
    let caller = customer.principal();
    match orders.all().get(*number) {
        Some(order) if order.owner == caller.id() || caller.has_role(Role::Clerk) => {
            HttpResponse::Ok().body(format!("{}, ordered by {}\n", order.part, order.owner))
        }
        _ => HttpResponse::NotFound().finish(),
    }
}

#[require_role("clerk")]
#[delete("/orders")]
async fn close_orders(orders: web::Data<Orders>) -> impl Responder {
    format!("{} orders closed\n", orders.all().drain(..).count())
}

const OURS: &str = "https://id.shop.example";
const PARTNER: &str = "https://login.partner.example";
const AUDIENCE: &str = "spare-parts";

fn auth(secret: &[u8], partner: impl AsRef<[u8]>, next: impl AsRef<[u8]>) -> Result<Auth, BuildError> {
    // Each key has a fixed algorithm that a token cannot choose, so the public key cannot be abused as an HMAC secret.
    let partner = Jwt::key(Key::pem(Algorithm::RS256, partner))
        .or_key(Key::pem(Algorithm::EdDSA, next)) // both, during the partner's key rotation
        .issuer(PARTNER)
        .audience(AUDIENCE)
        // All other roles in the partner's tokens are dropped before any rule is evaluated.
        .confers(Confers::nothing().roles(["buyer"]))
        .logs_in();
    let ours = Jwt::hs256(secret).issuer(OURS).audience(AUDIENCE).confers(Confers::everything()).logs_in();
    Auth::builder().realm("spare parts").bearer(ours).bearer(partner).accounts(Customers::default()).build()
}

fn shop(auth: &Auth, orders: &web::Data<Orders>) -> impl HttpServiceFactory + use<> {
    auth.scope("").app_data(orders.clone()).service(place_order).service(show_order).service(close_orders)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let named = |name| std::env::var(name).map_err(|_| std::io::Error::other(format!("{name} is not set")));
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = auth(
        named("JWT_SECRET")?.as_bytes(),
        std::fs::read(named("PARTNER_KEY")?)?,
        std::fs::read(named("PARTNER_NEXT_KEY")?)?,
    )?;
    let orders = web::Data::<Orders>::default();
    HttpServer::new(move || App::new().service(shop(&auth, &orders))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests;
