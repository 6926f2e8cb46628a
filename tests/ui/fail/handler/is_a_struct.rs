#[auth_actix::require_auth]
struct Report;

fn main() {}
