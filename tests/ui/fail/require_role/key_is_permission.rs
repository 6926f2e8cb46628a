#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_role(permission = "posts:write")]
async fn report() {}

fn main() {}
