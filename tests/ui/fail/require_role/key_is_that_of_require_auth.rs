#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_role("admin", max_age = "5m")]
async fn report() {}

fn main() {}
