#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(permission != "posts:write")]
async fn report() {}

fn main() {}
