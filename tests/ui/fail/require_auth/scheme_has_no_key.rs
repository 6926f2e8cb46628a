#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_auth("bearer")]
async fn report() {}

fn main() {}
