use actix_web::App;
use auth_actix::{Auth, require_auth};

mod users {
    pub fn all() -> &'static str {
        "ada, grace"
    }
}

#[require_auth]
async fn users() -> &'static str {
    users::all()
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").route("/users", auth_actix::web::get().to(users)));
    };
}
