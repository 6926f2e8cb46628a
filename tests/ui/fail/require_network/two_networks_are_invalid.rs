#[auth_actix::require_auth]
#[auth_actix::require_network("10.0.0.0/33", "office")]
async fn report() {}

fn main() {}
