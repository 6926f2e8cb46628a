#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require(role("admin", in = org) && !role("admin", in = org))]
async fn report() {}

fn main() {}
