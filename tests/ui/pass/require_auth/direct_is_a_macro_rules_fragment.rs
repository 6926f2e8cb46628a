use actix_web::get;

macro_rules! handler {
    ($name:ident, $rule:expr) => {
        #[auth_actix::require_auth($rule)]
        #[auth_actix::require_auth(scheme = "api-key")]
        #[get("/report")]
        async fn $name() -> &'static str {
            "report"
        }
    };
}

handler!(report, direct);

fn main() {
    let _ = actix_web::App::new().service(report);
}
