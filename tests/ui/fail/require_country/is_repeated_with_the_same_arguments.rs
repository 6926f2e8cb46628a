#[auth_actix::require_auth]
#[auth_actix::require_country("DE")]
#[auth_actix::require_country("DE")]
async fn report() {}

fn main() {}
