#[actix_web::get("/report")]
async fn report() -> &'static str {
    "daily"
}

fn routes(config: &mut auth_actix::web::ServiceConfig) {
    config.service(report);
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").configure(routes);
}

fn main() {}
