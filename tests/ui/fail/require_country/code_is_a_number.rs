#[auth_actix::require_auth]
#[auth_actix::require_country(276)]
async fn report() {}

fn main() {}
