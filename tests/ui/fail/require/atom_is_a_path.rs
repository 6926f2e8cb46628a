#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require(Role::Admin)]
async fn report() {}

fn main() {}
