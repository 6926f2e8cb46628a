#[auth_actix::require_auth]
#[auth_actix::require_country("de")]
async fn report() {}

fn main() {}
