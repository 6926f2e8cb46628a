use actix_web::{App, get};
use auth_actix::{Auth, deny_network, public, require_network};

#[public]
#[get("/alone")]
async fn alone() -> &'static str {
    "alone"
}

#[public]
#[require_network("10.0.0.0/8")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[require_network("10.0.0.0/8")]
#[public]
#[deny_network("10.66.0.0/16", "fd00::/8")]
#[get("/elsewhere")]
async fn elsewhere() -> &'static str {
    "elsewhere"
}

#[public()]
#[get("/with-empty-parentheses")]
async fn with_empty_parentheses() -> &'static str {
    "with_empty_parentheses"
}

fn main() {
    let _ = |auth: &Auth| {
        let api = auth.scope("/api").service(alone).service(inside).service(elsewhere).service(with_empty_parentheses);
        App::new().service(api);
    };
}
