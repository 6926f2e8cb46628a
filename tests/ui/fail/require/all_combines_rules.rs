#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(all(role("admin"), network("10.0.0.0/8")))]
async fn report() {}

fn main() {}
