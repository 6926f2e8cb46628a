#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_auth(max_age = "12345678901234567890s")]
async fn report() {}

fn main() {}
