#[auth_actix::require_claim("", "acme")]
async fn report() {}

fn main() {}
