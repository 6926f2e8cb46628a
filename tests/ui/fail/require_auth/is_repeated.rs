#[auth_actix::require_auth]
#[auth_actix::require_auth]
async fn report() {}

fn main() {}
