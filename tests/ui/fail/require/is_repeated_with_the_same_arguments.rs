#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require(role("admin") || role("editor"))]
#[auth_actix::require(role("admin") || role("editor"))]
async fn report() {}

fn main() {}
