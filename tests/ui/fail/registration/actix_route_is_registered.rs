#[auth_actix::require_auth]
async fn report() -> &'static str {
    "daily"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").route("/report", actix_web::web::get().to(report));
}

fn main() {}
