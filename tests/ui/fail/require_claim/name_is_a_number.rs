#[auth_actix::require_claim(1, "acme")]
async fn report() {}

fn main() {}
