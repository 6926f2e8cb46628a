#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require(role(any("admin", "editr")))]
async fn report() {}

fn main() {}
