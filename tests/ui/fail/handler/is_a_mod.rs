#[auth_actix::require_auth]
mod report {}

fn main() {}
