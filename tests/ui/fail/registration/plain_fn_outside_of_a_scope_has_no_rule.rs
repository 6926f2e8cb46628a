async fn report() -> &'static str {
    "daily"
}

fn register() {
    let _ = actix_web::App::new().route("/report", auth_actix::get().to(report));
}

fn main() {}
