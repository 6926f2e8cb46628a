#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::public]
#[auth_actix::require_role("admin")]
async fn report() {}

fn main() {}
