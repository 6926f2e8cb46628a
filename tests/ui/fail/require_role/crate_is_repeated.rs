#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admin", crate = auth_actix, crate = ::auth_actix)]
async fn report() {}

fn main() {}
