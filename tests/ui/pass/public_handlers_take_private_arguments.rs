#![deny(warnings)]

use actix_web::{App, get, web};
use auth_actix::{Auth, require_auth};

pub mod api {
    use super::{get, require_auth, web};

    #[derive(serde::Deserialize)]
    struct Inner {
        number: u32,
    }

    #[require_auth]
    #[get("/report")]
    pub async fn report(query: web::Query<Inner>) -> String {
        query.number.to_string()
    }
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(api::report));
    };
}
