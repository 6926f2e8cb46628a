use actix_web::{App, HttpResponse, get, post};
use auth_actix::{Auth, Principal, require_auth, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[get("/report")]
#[require_auth]
async fn report() -> &'static str {
    "daily"
}

#[post("/report")]
#[require_role("admin")]
async fn replace(user: Principal, body: String) -> HttpResponse {
    HttpResponse::Ok().body(format!("{:?} {body}", user.id()))
}

// A rule below the route is enforced, but is no proof for a scope: only plain registration accepts the handler.
fn main() {
    let _ = |auth: &Auth| {
        App::new().app_data(auth.clone()).service(report).service(replace);
    };
}
