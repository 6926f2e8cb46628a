#[auth_actix::require_auth]
#[auth_actix::require_country("EL")]
async fn report() {}

fn main() {}
