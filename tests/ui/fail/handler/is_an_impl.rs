struct Report;

#[auth_actix::require_auth]
impl Report {}

fn main() {}
