#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_country("DE" || "FR")]
async fn report() {}

fn main() {}
