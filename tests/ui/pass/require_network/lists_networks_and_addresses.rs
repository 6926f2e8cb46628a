use actix_web::{App, get};
use auth_actix::{Auth, public, require_auth, require_network};

#[require_auth]
#[require_network("10.0.0.0/8", "192.0.2.7", "192.0.2.8/32", "::1", "2001:db8::/32")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[public]
#[require_network("127.0.0.1", "::1")]
#[get("/here")]
async fn here() -> &'static str {
    "here"
}

#[require_auth]
#[require_network("10.0.0.0/8", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(inside).service(here).service(hidden));
    };
}
