fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").service(actix_web::web::scope("/v1"));
}

fn main() {}
