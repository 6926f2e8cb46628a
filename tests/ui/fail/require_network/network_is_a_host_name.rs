#[auth_actix::require_auth]
#[auth_actix::require_network("office")]
async fn report() {}

fn main() {}
