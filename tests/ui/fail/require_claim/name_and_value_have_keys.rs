#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_claim(name = "org", value = "acme")]
async fn report() {}

fn main() {}
