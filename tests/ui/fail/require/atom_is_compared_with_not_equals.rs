#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(role != "admin")]
async fn report() {}

fn main() {}
