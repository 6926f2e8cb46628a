#[derive(auth_actix::Role)]
enum Role { Admin, Viewer }

#[auth_actix::require_claim(claim("org", "acme"))]
async fn report() {}

fn main() {}
