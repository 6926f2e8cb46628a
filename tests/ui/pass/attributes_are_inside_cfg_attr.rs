use actix_web::{App, get, post};
use auth_actix::{Auth, require_auth, require_claim};

#[require_auth]
#[cfg_attr(all(), get("/report"))]
async fn route_below() -> &'static str {
    "daily"
}

#[cfg_attr(all(), require_auth)]
#[get("/monthly")]
async fn guard_above() -> &'static str {
    "monthly"
}

#[require_auth(max_age = "1h")]
#[cfg_attr(all(), post("/yearly"), require_claim("org", "acme"))]
#[cfg_attr(any(), get("/never"))]
async fn both_below() -> &'static str {
    "yearly"
}

#[require_auth]
#[cfg(all())]
#[cfg_attr(all(), doc = "Once a week.", inline)]
#[get("/weekly")]
async fn inert() -> &'static str {
    "weekly"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().app_data(auth.clone()).service(route_below).service(guard_above).service(both_below).service(inert);
        let scope = auth.scope("/api").service(route_below).service(guard_above).service(both_below).service(inert);
        App::new().service(scope);
    };
}
