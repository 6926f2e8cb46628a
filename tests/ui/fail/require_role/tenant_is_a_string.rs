#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admin", in = "org")]
async fn report() {}

fn main() {}
