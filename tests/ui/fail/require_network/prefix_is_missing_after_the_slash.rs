#[auth_actix::require_auth]
#[auth_actix::require_network("10.0.0.0/")]
async fn report() {}

fn main() {}
