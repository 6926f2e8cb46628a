#[auth_actix::require_auth]
#[auth_actix::require_network("10.0.0.0/8", "192.168.0.0.0/16")]
async fn report() {}

fn main() {}
