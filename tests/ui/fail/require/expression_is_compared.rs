#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(id == 7)]
async fn report() {}

fn main() {}
