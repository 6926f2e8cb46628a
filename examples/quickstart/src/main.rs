//! A server with three kinds of handlers, and commands to try them.
//!
//! Copy this to start. It has one issuer with its own secret, roles as an enum, and a handler of each kind.
//!
//! Run it with `cargo run -p quickstart`. `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least 32 bytes) is
//! the secret that signs tokens. By default, a random secret is generated for this run.

use std::io::IsTerminal as _;

use actix_web::{App, HttpServer, Responder, get, middleware, post, web};
use auth_actix::{Auth, Jwt, Principal, public, require_auth, require_role};
use serde::Deserialize;

/// The roles of users. Any other name in `#[require_role("…")]` is a compile error.
#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Viewer))]
    Admin,
    Viewer,
}

#[public]
#[get("/health")]
async fn health() -> impl Responder {
    "up\n"
}

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> impl Responder {
    let role = if caller.has_role(Role::Admin) { "an admin" } else { "no admin" };
    format!("you are {}, {role}\n", caller.local_subject())
}

#[require_role("viewer")]
#[get("/reports/{id}")]
async fn report(id: web::Path<u64>) -> impl Responder {
    format!("report {id}\n")
}

#[derive(Deserialize)]
struct NewReport {
    title: String,
}

#[require_role("admin")]
#[post("/reports")]
async fn publish(caller: Principal, new: web::Json<NewReport>) -> impl Responder {
    format!("{} published {:?}\n", caller.local_subject(), new.title)
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "reports";

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,actix_server=warn".into());
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colors).with_writer(std::io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let secret = match std::env::var("JWT_SECRET") {
        Ok(secret) => secret.into_bytes(),
        Err(_) => commands::random_secret()?,
    };
    let auth = Auth::builder()
        .realm("reports")
        .bearer(Jwt::hs256(&secret).issuer(ISSUER).audience(AUDIENCE))
        .roles::<Role>()
        .build()?;

    let server = HttpServer::new(move || {
        let api = auth.scope("").service(health).service(me).service(report).service(publish);
        App::new().wrap(middleware::NormalizePath::trim()).service(api)
    })
    .workers(2)
    .bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        commands::print(address, &secret);
    }
    server.run().await
}

/// The commands that this example prints. Applications do not need this module.
mod commands {
    use std::net::SocketAddr;
    use std::time::{SystemTime, UNIX_EPOCH};

    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use serde_json::json;

    /// Generates a secret for this run.
    pub(super) fn random_secret() -> std::io::Result<Vec<u8>> {
        let mut secret = vec![0; 32];
        getrandom::fill(&mut secret).map_err(std::io::Error::other)?;
        Ok(secret)
    }

    /// Prints one command per line, each with the expected status.
    #[allow(clippy::print_stdout, reason = "the output is for the terminal")]
    pub(super) fn print(address: SocketAddr, secret: &[u8]) {
        let token = |role: &str, expires_in: i64| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
            let claims = json!({
                "iss": super::ISSUER, "aud": super::AUDIENCE, "sub": role, "roles": [role], "exp": now + expires_in,
            });
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret))
                .unwrap_or_default()
        };
        let (viewer, admin, expired) = (token("viewer", 3600), token("admin", 3600), token("admin", -3600));
        let url = format!("http://{address}");
        let json = "-H 'Content-Type: application/json'";
        println!("Listening on {url}. Commands to try in another terminal:\n");
        println!("# without a token: 401, and a challenge\ncurl -i {url}/me\n");
        println!("# a viewer may read: 200\ncurl -i -H 'Authorization: Bearer {viewer}' {url}/reports/7\n");
        println!(
            "# a viewer may not publish: 403\ncurl -i -H 'Authorization: Bearer {viewer}' {json} -d '{{\"title\":\"Q3\"}}' {url}/reports\n"
        );
        println!(
            "# an admin may publish: 200\ncurl -i -H 'Authorization: Bearer {admin}' {json} -d '{{\"title\":\"Q3\"}}' {url}/reports\n"
        );
        println!(
            "# an admin, with an invalid body: 400, because the body is read after the decision\ncurl -i -H 'Authorization: Bearer {admin}' {json} -d '{{\"title\":' {url}/reports\n"
        );
        println!(
            "# an expired token: 401, and the challenge contains the reason\ncurl -i -H 'Authorization: Bearer {expired}' {url}/me\n"
        );
    }
}
