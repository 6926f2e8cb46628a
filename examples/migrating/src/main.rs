//! An application that moves from checks written by hand to rules, handler by handler, and can stop at each step.
//!
//! Copy the steps when you have an application already. Each is a deployment of its own, under the same prefix and with
//! the same tokens; `tests.rs` holds what every request is answered at every step. `STEP` (0 to 3, the last unless set)
//! says which one runs, `PORT` where it listens, `JWT_SECRET` (at least 32 bytes) which secret signs tokens.

mod new;
mod old;

use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use auth_actix::{Auth, BuildError, Jwt, unguarded};

/// Names that the old checks compare as text. From now on a typo among them does not compile.
#[derive(auth_actix::Role)]
enum Role {
    Manager,
}

/// The same tokens as before: signed with the secret, and without `iss` and `aud`. Say `.issuer(…)` and `.audience(…)`
/// once all tokens have them.
fn auth(secret: &[u8]) -> Result<Auth, BuildError> {
    let tokens = Jwt::hs256(secret).without_issuer("shop").accept_tokens_of_any_audience();
    Auth::builder().realm("shop").bearer(tokens).build()
}

/// Step 0, before.
fn before(config: &mut ServiceConfig, _: &Auth) {
    config.service(web::scope("/api").service(old::stock).service(old::set_price).service(old::export));
}

/// Step 1: install, and guard one handler after the other. Registration stays as it is; rules find the `Auth` among the
/// data of the application, and without it answer 500 rather than let anybody in.
fn guarding(config: &mut ServiceConfig, auth: &Auth) {
    config
        .app_data(auth.clone())
        .service(web::scope("/api").service(new::stock).service(old::set_price).service(old::export));
}

/// Step 2: swap the scope. What has no rule does not compile any more, which is how `export` was found. The people who
/// call it need some time, so it is let in by name, and the log warns of it at each start.
fn swapped(config: &mut ServiceConfig, auth: &Auth) {
    let export = unguarded("the accountants' script has no token before May", old::export);
    config.service(auth.scope("/api").service(new::stock).service(new::set_price).service(export));
}

/// Step 3, done: `old` can go.
fn done(config: &mut ServiceConfig, auth: &Auth) {
    config.service(auth.scope("/api").service(new::stock).service(new::set_price).service(new::export));
}

type Step = fn(&mut ServiceConfig, &Auth);
const STEPS: [Step; 4] = [before, guarding, swapped, done];

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init(); // what is let in unguarded, and who is refused why
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
