#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require(is_owner(id))]
async fn report() {}

fn main() {}
