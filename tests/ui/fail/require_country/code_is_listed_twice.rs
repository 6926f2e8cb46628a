#[auth_actix::require_auth]
#[auth_actix::require_country("DE", "FR", "DE")]
async fn report() {}

fn main() {}
