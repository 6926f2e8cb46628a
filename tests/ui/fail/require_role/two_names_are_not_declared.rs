#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require_role(any("admn", "editr"))]
async fn report() {}

fn main() {}
