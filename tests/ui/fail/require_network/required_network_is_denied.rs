#[auth_actix::require_auth]
#[auth_actix::require_network("10.1.0.0/16")]
#[auth_actix::deny_network("10.0.0.0/8")]
async fn report() {}

fn main() {}
