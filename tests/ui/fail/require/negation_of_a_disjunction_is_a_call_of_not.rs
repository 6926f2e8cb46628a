#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(not(role("admin") || role("viewer")))]
async fn report() {}

fn main() {}
