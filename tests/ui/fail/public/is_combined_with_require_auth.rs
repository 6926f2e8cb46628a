#[auth_actix::require_auth]
#[auth_actix::public]
async fn report() {}

fn main() {}
