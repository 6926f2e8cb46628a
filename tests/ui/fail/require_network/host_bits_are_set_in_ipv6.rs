#[auth_actix::require_auth]
#[auth_actix::require_network("2001:db8::1/32")]
async fn report() {}

fn main() {}
