#[auth_actix::require_auth]
#[auth_actix::require_country("XX")]
async fn report() {}

fn main() {}
