use actix_web::{App, HttpResponse, web};
use auth_actix::{Auth, guarded, require_auth, rule};

#[derive(auth_actix::Role)]
enum Role {
    Staff,
    Suspended,
}

#[require_auth]
async fn report() -> &'static str {
    "daily"
}

async fn missing() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .require(rule!(role("staff") && !role("suspended")))
            .route("/report", auth_actix::web::get().to(report))
            .service(guarded(rule!(role(Role::Staff) || claim("org", "acme")), web::resource("/old").to(missing)))
            .default_service(guarded(rule!(authenticated), web::to(missing)));
        App::new().service(scope);
    };
}
