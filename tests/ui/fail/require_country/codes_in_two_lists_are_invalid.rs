#[auth_actix::require_auth]
#[auth_actix::require_country("de")]
#[auth_actix::deny_country("XX")]
async fn report() {}

fn main() {}
