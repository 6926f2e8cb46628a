#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_permission(!"a")]
async fn report() {}

fn main() {}
