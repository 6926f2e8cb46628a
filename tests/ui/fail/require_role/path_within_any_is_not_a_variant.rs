#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require_role(any(Role::Admin, Role::Editr))]
async fn report() {}

fn main() {}
