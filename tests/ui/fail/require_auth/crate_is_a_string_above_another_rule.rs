#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_auth(max_age = "5m", crate = "guard")]
#[auth_actix::require_role("admin")]
#[actix_web::get("/report")]
async fn report() -> &'static str { "" }

fn main() {}
