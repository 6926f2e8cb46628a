use actix_web::{App, get};
use auth_actix::{Auth, deny_network, require_auth, require_claim, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[require_role("admin")]
#[get("/report")]
#[require_claim("org", "acme")]
async fn report() -> &'static str {
    "daily"
}

#[deny_network("203.0.113.0/24")]
#[get("/monthly")]
#[require_auth]
async fn monthly() -> &'static str {
    "monthly"
}

#[get("/yearly")]
#[deny_network("203.0.113.0/24")]
#[require_auth]
async fn yearly() -> &'static str {
    "yearly"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).service(monthly));
        App::new().app_data(auth.clone()).service(yearly);
    };
}
