#[auth_actix::require_auth]
#[actix_web::get("/report")]
async fn report() -> &'static str {
    "daily"
}

#[actix_web::get("/health")]
async fn health() -> &'static str {
    "up"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").service(report).service(health);
}

fn main() {}
