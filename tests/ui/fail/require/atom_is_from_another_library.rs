#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(has_any_role("admin", "viewer"))]
async fn report() {}

fn main() {}
