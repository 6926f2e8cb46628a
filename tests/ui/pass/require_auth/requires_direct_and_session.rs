use actix_web::get;

#[auth_actix::require_auth(direct, scheme = "session")]
#[get("/report")]
async fn report() -> &'static str {
    "report"
}

fn main() {
    let _ = actix_web::App::new().service(report);
}
