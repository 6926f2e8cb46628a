use actix_web::{App, get};
use auth_actix::{Auth, deny_network, require, require_auth, require_claim, require_network, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Editor,
    Suspended,
}

#[require_role("admin")]
#[require_claim("org", "acme")]
#[require_auth(max_age = "5m")]
#[require_network("10.0.0.0/8")]
#[get("/first")]
async fn first() -> &'static str {
    "first"
}

#[require_network("10.0.0.0/8")]
#[require_auth(max_age = "5m")]
#[require_claim("org", "acme")]
#[require_role("admin")]
#[get("/second")]
async fn second() -> &'static str {
    "second"
}

#[deny_network("10.66.0.0/16")]
#[require(!role("suspended"))]
#[get("/third")]
#[require_role("admin")]
#[require_network("10.0.0.0/8")]
async fn third() -> &'static str {
    "third"
}

#[require_role("admin")]
#[require_role("editor")]
#[get("/fourth")]
async fn fourth() -> &'static str {
    "fourth"
}

#[get("/fifth")]
#[require_claim("org", "acme")]
#[require_claim("team", "blue")]
#[require_role("editor")]
async fn fifth() -> &'static str {
    "fifth"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(first).service(second).service(third).service(fourth));
        App::new().app_data(auth.clone()).service(fifth);
    };
}
