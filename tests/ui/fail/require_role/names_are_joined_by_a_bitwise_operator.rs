#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_role(Role::Admin | Role::Viewer)]
async fn report() {}

fn main() {}
