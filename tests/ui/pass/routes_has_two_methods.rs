use actix_web::{App, routes};
use auth_actix::{Auth, require_auth, require_claim};

#[require_auth]
#[routes]
#[get("/report")]
#[post("/report")]
async fn above() -> &'static str {
    "above"
}

#[routes]
#[get("/daily")]
#[get("/monthly")]
#[require_auth]
async fn below() -> &'static str {
    "below"
}

#[routes]
#[get("/weekly")]
#[require_auth]
#[put("/weekly")]
async fn between() -> &'static str {
    "between"
}

#[require_auth(max_age = "1h")]
#[routes]
#[get("/first")]
#[require_claim("org", "acme")]
#[delete("/second")]
#[require_claim("team", "blue")]
async fn everywhere() -> &'static str {
    "everywhere"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(above).service(everywhere));
        App::new().app_data(auth.clone()).service(below).service(between);
    };
}
