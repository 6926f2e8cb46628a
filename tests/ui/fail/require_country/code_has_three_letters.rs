#[auth_actix::require_auth]
#[auth_actix::require_country("DEU")]
async fn report() {}

fn main() {}
