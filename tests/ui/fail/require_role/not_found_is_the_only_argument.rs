#[auth_actix::require_role(not_found)]
async fn report() {}

fn main() {}
