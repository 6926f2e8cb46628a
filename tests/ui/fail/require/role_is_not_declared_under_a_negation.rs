#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require(role("admin") && !role("viewr"))]
async fn report() {}

fn main() {}
