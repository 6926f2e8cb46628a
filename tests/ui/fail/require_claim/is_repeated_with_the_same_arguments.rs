#[auth_actix::require_claim("org", "acme")]
#[auth_actix::require_claim("org", "acme")]
async fn report() {}

fn main() {}
