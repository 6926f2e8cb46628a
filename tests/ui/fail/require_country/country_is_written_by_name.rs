#[auth_actix::require_auth]
#[auth_actix::require_country("Germany")]
async fn report() {}

fn main() {}
