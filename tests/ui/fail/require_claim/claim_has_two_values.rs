#[auth_actix::require_claim("org", "acme", "example")]
async fn report() {}

fn main() {}
