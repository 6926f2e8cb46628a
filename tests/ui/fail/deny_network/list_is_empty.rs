#[auth_actix::require_auth]
#[auth_actix::deny_network()]
async fn report() {}

fn main() {}
