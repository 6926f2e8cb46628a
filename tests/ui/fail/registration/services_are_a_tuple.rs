use auth_actix::{Auth, require_auth};

#[require_auth]
#[actix_web::get("/a")]
async fn a() -> &'static str { "" }

#[require_auth]
#[actix_web::get("/b")]
async fn b() -> &'static str { "" }

fn main() {
    let _ = |auth: &Auth| auth.scope("/api").service((a, b));
}
