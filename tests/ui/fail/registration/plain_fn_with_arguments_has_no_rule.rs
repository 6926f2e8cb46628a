async fn report(body: String) -> String {
    body
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").route("/report", auth_actix::web::get().to(report));
}

fn main() {}
