#[derive(auth_actix::Role)]
enum Role { Admin }

#[auth_actix::require_auth(max_age = "5m")]
#[auth_actix::require_role("admin")]
#[actix_web::get("/report")]
async unsafe fn report() -> &'static str { "" }

fn main() {
    let _ = |auth: &auth_actix::Auth| actix_web::App::new().service(auth.scope("/api").service(report));
}
