#[auth_actix::require_claim("org", 1.5)]
async fn report() {}

fn main() {}
