#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_role(any(["admin", "viewer"]))]
async fn report() {}

fn main() {}
