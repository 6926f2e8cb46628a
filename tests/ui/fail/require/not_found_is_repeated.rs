#[auth_actix::require(role("admin"), not_found, not_found)]
async fn report() {}

fn main() {}
