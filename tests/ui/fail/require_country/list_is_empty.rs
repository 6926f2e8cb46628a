#[auth_actix::require_auth]
#[auth_actix::require_country()]
async fn report() {}

fn main() {}
