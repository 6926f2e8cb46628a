#[auth_actix::require_auth(max_age("5m"))]
async fn report() {}

fn main() {}
