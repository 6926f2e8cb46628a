const ORG: &str = "acme";

#[auth_actix::require_claim("org", ORG)]
async fn report() {}

fn main() {}
