#[auth_actix::require_auth]
async fn report(_count: u32) {}

fn main() {}
