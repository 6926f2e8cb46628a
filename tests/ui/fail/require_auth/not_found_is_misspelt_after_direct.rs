#[auth_actix::require_auth(direct, not_fund)]
async fn report() {}

fn main() {}
