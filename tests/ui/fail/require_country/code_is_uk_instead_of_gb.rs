#[auth_actix::require_auth]
#[auth_actix::require_country("UK")]
async fn report() {}

fn main() {}
