#[auth_actix::require(claim("org"))]
async fn report() {}

fn main() {}
