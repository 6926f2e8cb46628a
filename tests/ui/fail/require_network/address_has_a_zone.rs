#[auth_actix::require_auth]
#[auth_actix::require_network("fe80::1%eth0")]
async fn report() {}

fn main() {}
