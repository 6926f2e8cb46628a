#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_auth(Role::Admin)]
async fn report() {}

fn main() {}
