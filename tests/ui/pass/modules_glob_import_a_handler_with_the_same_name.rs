use actix_web::{App, get};
use auth_actix::{Auth, public, require_auth};

#[require_auth]
#[get("/list")]
async fn list() -> &'static str {
    "one"
}

mod v2 {
    use super::*;

    #[require_auth]
    #[get("/list")]
    pub async fn list() -> &'static str {
        "two"
    }

    #[public]
    pub async fn time() -> String {
        format!("{:?}", std::time::Duration::ZERO)
    }
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(list).service(v2::list);
        App::new().service(scope.route("/time", auth_actix::web::get().to(v2::time)));
    };
}
