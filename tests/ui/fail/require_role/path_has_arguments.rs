#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role(Role::Admin::<u8>)]
async fn report() {}

fn main() {}
