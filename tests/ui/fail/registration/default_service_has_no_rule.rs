async fn report() -> &'static str {
    "daily"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").default_service(actix_web::web::to(report));
}

fn main() {}
