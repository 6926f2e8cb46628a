const OFFICE: &str = "10.0.0.0/8";

#[auth_actix::require_auth]
#[auth_actix::require_network(OFFICE)]
async fn report() {}

fn main() {}
