use actix_web::{App, get};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[get("/report")]
async fn report() -> &'static str {
    "daily"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report));
        App::new().app_data(auth.clone()).service(report);
    };
}
