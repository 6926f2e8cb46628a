#[auth_actix::require_role(not_found, "admin")]
async fn report() {}

fn main() {}
