#[auth_actix::require_auth]
#[auth_actix::require_country(not_found, "DE")]
async fn report() {}

fn main() {}
