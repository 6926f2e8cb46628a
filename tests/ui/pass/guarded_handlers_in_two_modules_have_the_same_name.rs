use actix_web::{App, web};
use auth_actix::{Auth, Principal, require_auth};

mod first {
    #[auth_actix::require_auth]
    #[actix_web::get("/list")]
    pub async fn list() -> &'static str {
        "first"
    }
}

mod second {
    #[auth_actix::public]
    #[actix_web::get("/list")]
    pub async fn list() -> &'static str {
        "second"
    }
}

#[require_auth]
async fn list(user: Principal, id: web::Path<u64>) -> String {
    format!("{:?} {id}", user.id())
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/first").service(first::list));
        App::new().service(auth.scope("/second").service(second::list).route("/{id}", auth_actix::web::get().to(list)));
    };
}
