#[auth_actix::require_auth]
#[cfg_attr(all(), actix_web::get("/report"))]
async fn report() -> &'static str {
    "daily"
}

fn register() {
    let _ = actix_web::App::new().route("/report", actix_web::web::get().to(report));
}

fn main() {}
