use actix_web::{App, get as fetch, post as require_post};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[fetch("/report")]
async fn report() -> &'static str {
    "daily"
}

#[require_auth]
#[require_post("/report")]
async fn replace(body: String) -> String {
    body
}

#[fetch("/daily")]
#[require_auth]
async fn daily() -> &'static str {
    "daily"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).service(replace));
        App::new().app_data(auth.clone()).service(daily);
    };
}
