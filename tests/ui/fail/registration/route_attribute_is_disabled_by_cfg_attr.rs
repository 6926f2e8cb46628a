#[auth_actix::require_auth]
#[cfg_attr(any(), actix_web::get("/report"))]
async fn report() -> &'static str {
    "daily"
}

fn register() {
    let _ = actix_web::App::new().service(report);
}

fn main() {}
