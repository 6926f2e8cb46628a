#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require(role("admn"))]
async fn report() {}

fn main() {}
