#[auth_actix::require_auth(max_age = "5 parsecs")]
async fn report() {}

fn main() {}
