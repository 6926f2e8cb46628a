#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::public("admin")]
async fn report() {}

fn main() {}
