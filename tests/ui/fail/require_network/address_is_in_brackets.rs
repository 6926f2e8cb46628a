#[auth_actix::require_auth]
#[auth_actix::require_network("[::1]")]
async fn report() {}

fn main() {}
