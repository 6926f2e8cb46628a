fn routes(_: &mut actix_web::web::ServiceConfig) {}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").configure(routes);
}

fn main() {}
