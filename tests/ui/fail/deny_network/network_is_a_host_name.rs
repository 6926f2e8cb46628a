#[auth_actix::require_auth]
#[auth_actix::deny_network("office")]
async fn report() {}

fn main() {}
