#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(role("admin") == true)]
async fn report() {}

fn main() {}
