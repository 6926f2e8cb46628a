use actix_web::get;

#[auth_actix::deny_country("KP")]
#[auth_actix::require_auth(direct, max_age = "5m")]
#[get("/report")]
async fn report() -> &'static str {
    "report"
}

fn main() {
    let _ = actix_web::App::new().service(report);
}
