#[auth_actix::require_auth]
enum Report { Daily }

fn main() {}
