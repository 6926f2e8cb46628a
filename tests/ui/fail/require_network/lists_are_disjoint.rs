#[auth_actix::require_auth]
#[auth_actix::require_network("10.0.0.0/8")]
#[auth_actix::require_network("192.168.0.0/16", "::1")]
async fn report() {}

fn main() {}
