#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::public]
#[auth_actix::require(network("10.0.0.0/8") || role("admin"))]
async fn report() {}

fn main() {}
