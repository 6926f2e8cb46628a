#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_role(not("admin"))]
async fn report() {}

fn main() {}
