#[auth_actix::require_auth]
#[auth_actix::require_network()]
async fn report() {}

fn main() {}
