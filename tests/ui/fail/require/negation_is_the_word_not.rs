#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(not role("admin"))]
async fn report() {}

fn main() {}
