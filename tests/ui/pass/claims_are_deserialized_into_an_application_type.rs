use actix_web::{App, get};
use auth_actix::{Auth, Claims, Principal, require_auth, require_claim};
use serde::Deserialize;

#[derive(Deserialize)]
struct Mine {
    #[serde(rename = "org")]
    _org: String,
}

#[require_auth]
#[get("/extracted")]
async fn extracted(_mine: Claims<Mine>) -> &'static str {
    "extracted"
}

#[require_claim("org", "acme")]
#[get("/read")]
async fn read(user: Principal) -> &'static str {
    let _ = user.claims::<Mine>();
    let _ = user.claim("org");
    "read"
}

#[require_auth]
#[get("/both")]
async fn both(_user: Principal, _mine: Claims<Mine>) -> &'static str {
    "both"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(extracted).service(read).service(both));
    };
}
