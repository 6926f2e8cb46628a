use actix_web::{App, get};
use auth_actix::{Auth, Principal, require_auth};

#[require_auth]
#[get("/char")]
async fn char() -> &'static str {
    "char"
}

#[require_auth]
async fn bool(user: Principal) -> String {
    format!("{:?}", user.id())
}

#[require_auth]
#[allow(non_snake_case)]
async fn String() -> &'static str {
    "String"
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(char);
        let scope = scope.route("/bool", auth_actix::web::get().to(bool)).route("/string", auth_actix::web::get().to(String));
        App::new().service(scope);
    };
}
