#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admin", in = org, in = team)]
async fn report() {}

fn main() {}
