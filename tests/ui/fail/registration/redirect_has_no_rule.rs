use auth_actix::{Auth, web};

fn main() {
    let _ = |auth: &Auth| auth.scope("/api").service(web::redirect("/a", "/b"));
}
