fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").route("/report", auth_actix::web::get().to(|| async { "daily" }));
}

fn main() {}
