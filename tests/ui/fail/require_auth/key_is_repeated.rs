#[auth_actix::require_auth(max_age = "5m", max_age = "10m")]
async fn report() {}

fn main() {}
