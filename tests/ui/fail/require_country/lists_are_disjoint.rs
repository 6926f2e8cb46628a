#[auth_actix::require_auth]
#[auth_actix::require_country("DE", "FR")]
#[auth_actix::require_country("US")]
async fn report() {}

fn main() {}
