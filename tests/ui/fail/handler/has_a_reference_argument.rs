#[auth_actix::require_auth]
async fn report(_name: &str) {}

fn main() {}
