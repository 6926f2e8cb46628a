#[auth_actix::require_auth]
const REPORT: &str = "daily";

fn main() {}
