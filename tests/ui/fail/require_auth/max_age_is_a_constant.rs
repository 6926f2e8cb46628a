const LIMIT: &str = "5m";

#[auth_actix::require_auth(max_age = LIMIT)]
async fn report() {}

fn main() {}
