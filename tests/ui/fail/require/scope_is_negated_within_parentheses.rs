#[auth_actix::require(!(claim("org", "acme") && scope("read:reports")))]
async fn report() {}

fn main() {}
