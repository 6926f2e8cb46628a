#[auth_actix::require_auth]
#[cfg_attr(all(), actix_web::get("/report"))]
async fn report() -> &'static str {
    "daily"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").route("/report", auth_actix::web::get().to(report));
}

fn main() {}
