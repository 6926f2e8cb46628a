#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admin", in = )]
async fn report() {}

fn main() {}
