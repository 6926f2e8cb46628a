#[actix_web::get("/report")]
async fn report() -> &'static str {
    "daily"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").service(auth.scope("/v1").service(report));
}

fn main() {}
