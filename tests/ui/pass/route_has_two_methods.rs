use actix_web::{App, route};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[route("/report", method = "GET", method = "HEAD")]
async fn report() -> &'static str {
    "daily"
}

#[route("/monthly", method = "GET", method = "PURGE")]
#[require_auth]
async fn monthly() -> &'static str {
    "monthly"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report));
        App::new().app_data(auth.clone()).service(monthly);
    };
}
