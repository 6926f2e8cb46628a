#[auth_actix::require_auth]
#[auth_actix::deny_network("203.0.113.7/24")]
async fn report() {}

fn main() {}
