#[auth_actix::require_auth]
trait Report {}

fn main() {}
