#[auth_actix::require_claim]
async fn report() {}

fn main() {}
