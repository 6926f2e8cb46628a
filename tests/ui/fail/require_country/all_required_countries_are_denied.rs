#[auth_actix::require_auth]
#[auth_actix::require_country("DE", "FR")]
#[auth_actix::deny_country("FR", "KP", "DE")]
async fn report() {}

fn main() {}
