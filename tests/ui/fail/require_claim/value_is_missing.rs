#[auth_actix::require_claim("org")]
async fn report() {}

fn main() {}
