//! A migration from hand-written checks to rules, handler by handler. It can stop after each step.
//!
//! Copy the steps if you already have an application. Each step can be deployed on its own, with the same URL prefix and the same
//! tokens. `tests.rs` defines the response to each request at each step.
//!
//! Run it with `cargo run -p migrating`. `STEP` (0 to 3) selects the step, by default the last one. `PORT` is the port to listen on
//! (8080 by default). `JWT_SECRET` (at least 32 bytes) is the secret that signs tokens.

mod new;
mod old;

use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use auth_actix::{Auth, BuildError, Jwt, unguarded};

/// Role names that the old checks compare as strings. In rules, a misspelled name is a compile error.
#[derive(auth_actix::Role)]
enum Role {
    Manager,
}

/// Accepts the existing tokens, which are signed with the secret and have no `iss` and `aud`. Use `.issuer(…)` and `.audience(…)`
/// once all tokens have them.
fn auth(secret: &[u8]) -> Result<Auth, BuildError> {
    let tokens = Jwt::hs256(secret).without_issuer("shop").accept_tokens_of_any_audience();
    Auth::builder().realm("shop").bearer(tokens).build()
}

/// Step 0: before the migration.
fn before(config: &mut ServiceConfig, _: &Auth) {
    config.service(web::scope("/api").service(old::stock).service(old::set_price).service(old::export));
}

/// Step 1: register `Auth`, and add rules to one handler after another. The scope does not change. Rules find the `Auth` in the
/// application data. Without it, they answer 500 and do not run the handler.
fn guarding(config: &mut ServiceConfig, auth: &Auth) {
    config
        .app_data(auth.clone())
        .service(web::scope("/api").service(new::stock).service(old::set_price).service(old::export));
}

/// Step 2: replace the scope. A handler without a rule no longer compiles, which reveals the missing check of `export`. Its callers
/// need time to adapt, so it is exempted with `unguarded`, and the log warns about it at each start.
fn swapped(config: &mut ServiceConfig, auth: &Auth) {
    let export = unguarded("the accountants' script gets a token in May", old::export);
    config.service(auth.scope("/api").service(new::stock).service(new::set_price).service(export));
}

/// Step 3: all handlers have rules, and `old` can be removed.
fn done(config: &mut ServiceConfig, auth: &Auth) {
    config.service(auth.scope("/api").service(new::stock).service(new::set_price).service(new::export));
}

type Step = fn(&mut ServiceConfig, &Auth);
const STEPS: [Step; 4] = [before, guarding, swapped, done];

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init(); // logs unguarded handlers, and the reason of each denial
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let step = number("STEP").and_then(|step| STEPS.get(usize::from(step)).copied()).unwrap_or(done);
    let secret = std::env::var("JWT_SECRET").unwrap_or_default();
    let auth = auth(secret.as_bytes())?;
    let secret = web::Data::new(old::Secret(secret));
    HttpServer::new(move || App::new().app_data(secret.clone()).configure(|config| step(config, &auth)))
        .bind(("127.0.0.1", number("PORT").unwrap_or(8080)))?
        .run()
        .await
}

#[cfg(test)]
mod tests;
