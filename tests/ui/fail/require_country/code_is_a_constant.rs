#[auth_actix::require_auth]
#[auth_actix::require_country(HOME)]
async fn report() {}

fn main() {}
