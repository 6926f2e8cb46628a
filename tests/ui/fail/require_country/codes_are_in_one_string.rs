#[auth_actix::require_auth]
#[auth_actix::require_country("DE,FR")]
async fn report() {}

fn main() {}
