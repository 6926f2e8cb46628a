#[auth_actix::require_auth(direct, direct)]
async fn report() {}

fn main() {}
