#[auth_actix::require_auth(not_found, max_age = "5m")]
async fn report() {}

fn main() {}
