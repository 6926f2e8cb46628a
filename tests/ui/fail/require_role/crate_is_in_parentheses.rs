#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admin", crate = (guard))]
#[actix_web::get("/report")]
async fn report() -> &'static str { "" }

fn main() {}
