fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").service(actix_web::web::resource("/report"));
}

fn main() {}
