#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(any(role("admin"), role("viewer")))]
async fn report() {}

fn main() {}
