#[auth_actix::require_auth]
#[auth_actix::require_country("uk")]
async fn report() {}

fn main() {}
