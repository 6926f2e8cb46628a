use actix_web::{App, get};
use auth_actix::{Auth, deny_network as not_from, public as anyone, require as get_only_if, require_role as needs};

mod guards {
    pub use auth_actix::{require_auth as signed_in, require_claim};
}

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[needs("admin")]
#[get("/report")]
async fn report() -> &'static str {
    "daily"
}

#[anyone]
#[not_from("203.0.113.0/24")]
#[get("/health")]
async fn health() -> &'static str {
    "up"
}

#[get_only_if(role("admin") || claim("org", "acme"))]
#[get("/monthly")]
#[guards::signed_in(max_age = "5m")]
#[guards::require_claim("team", "blue")]
async fn monthly() -> &'static str {
    "monthly"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).service(health).service(monthly));
    };
}
