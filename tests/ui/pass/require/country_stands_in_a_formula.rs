use actix_web::get;

#[auth_actix::require(authenticated && direct && (country("DE") || !country("KP", "IR")), not_found)]
#[get("/report")]
async fn report() -> &'static str {
    "report"
}

fn main() {
    let _ = actix_web::App::new().service(report);
}
