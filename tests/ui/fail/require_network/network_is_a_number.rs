#[auth_actix::require_auth]
#[auth_actix::require_network(10)]
async fn report() {}

fn main() {}
