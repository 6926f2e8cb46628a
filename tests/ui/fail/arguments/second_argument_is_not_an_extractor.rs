#[auth_actix::require_auth]
async fn report(_body: String, _count: u32) {}

fn main() {}
