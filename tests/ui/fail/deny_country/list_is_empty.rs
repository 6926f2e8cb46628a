#[auth_actix::require_auth]
#[auth_actix::deny_country()]
async fn report() {}

fn main() {}
