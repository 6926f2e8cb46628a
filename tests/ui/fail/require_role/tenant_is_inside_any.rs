#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role(any("admin", "editor", in = org))]
async fn report() {}

fn main() {}
