#[auth_actix::require_auth]
#[auth_actix::require_country("XX", "DE", "ZZ")]
async fn report() {}

fn main() {}
