#[auth_actix::require_role("admin", not_found, not_found)]
async fn report() {}

fn main() {}
