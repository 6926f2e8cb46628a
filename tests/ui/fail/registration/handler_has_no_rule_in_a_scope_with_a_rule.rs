#[actix_web::get("/report")]
async fn report() -> &'static str {
    "daily"
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").require(auth_actix::rule!(authenticated)).service(report);
}

fn main() {}
