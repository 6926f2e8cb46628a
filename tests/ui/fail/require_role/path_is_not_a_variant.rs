#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

#[auth_actix::require_role(Role::Admn)]
async fn report() {}

fn main() {}
