#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_permission("a" || "b")]
async fn report() {}

fn main() {}
