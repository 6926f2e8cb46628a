#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(not(authenticated))]
async fn report() {}

fn main() {}
