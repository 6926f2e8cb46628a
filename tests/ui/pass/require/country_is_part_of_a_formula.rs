use actix_web::get;

#[auth_actix::require(direct && (country("DE") || network("10.0.0.0/8")), not_found)]
#[get("/report")]
async fn report() -> &'static str {
    "report"
}

fn main() {
    let _ = actix_web::App::new().service(report);
}
