#[derive(auth_actix::Role)]
enum Role { Admin }

#[auth_actix::require_auth(max_age = "5m")]
#[auth_actix::require_role("admin")]
async unsafe fn report() -> &'static str { "" }

fn main() {
    let _ = |auth: &auth_actix::Auth| auth.scope("/api").route("/", auth_actix::web::get().to(report));
}
