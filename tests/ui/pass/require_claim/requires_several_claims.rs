use actix_web::{App, get};
use auth_actix::{Auth, require_claim};

#[require_claim("org", "acme")]
#[get("/alone")]
async fn alone() -> &'static str {
    "alone"
}

#[require_claim("org", "acme")]
#[require_claim("https://claims.example/team", "blue team")]
#[get("/both")]
async fn both() -> &'static str {
    "both"
}

#[require_claim("level", 5)]
#[require_claim("/flags/admin", true)]
#[get("/typed")]
async fn typed() -> &'static str {
    "typed"
}

#[require_claim("org", "acme", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(alone).service(both).service(typed).service(hidden));
    };
}
