#[auth_actix::require_auth]
#[auth_actix::deny_country("NK")]
async fn report() {}

fn main() {}
