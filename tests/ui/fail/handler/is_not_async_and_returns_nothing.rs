#[auth_actix::require_auth]
fn report() {}

fn main() {}
