#![deny(unused_variables, unused_mut)]

use actix_web::{App, HttpRequest, get, web};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[get("/report/{id}")]
async fn report(
    #[allow(unused_variables)] id: web::Path<u64>,
    #[allow(unused_variables, clippy::needless_pass_by_value)] request: HttpRequest,
    #[allow(unused_mut)] mut body: String,
) -> String {
    body
}

#[require_auth]
async fn plain(#[expect(unused_variables)] body: String) -> &'static str {
    "plain"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).route("/plain", auth_actix::web::post().to(plain)));
    };
}
