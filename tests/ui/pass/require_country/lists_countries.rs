use actix_web::get;

#[auth_actix::public]
#[auth_actix::require_country("DE", "FR", "XK")]
#[get("/report")]
async fn report() -> &'static str {
    "report"
}

fn main() {
    let _ = actix_web::App::new().service(report);
}
