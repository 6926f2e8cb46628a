#[auth_actix::require_auth]
async fn report() -> &'static str {
    "daily"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").service(report);
}

fn main() {}
