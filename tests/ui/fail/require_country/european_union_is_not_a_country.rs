#[auth_actix::require_auth]
#[auth_actix::require_country("EU")]
async fn report() {}

fn main() {}
