#[auth_actix::require_auth]
#[auth_actix::require_network("10.0.0.0/x")]
async fn report() {}

fn main() {}
