#[auth_actix::require_auth("5m")]
async fn report() {}

fn main() {}
