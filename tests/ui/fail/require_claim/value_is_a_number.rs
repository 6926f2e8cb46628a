#[auth_actix::require_claim("org", 5)]
async fn report() {}

fn main() {}
