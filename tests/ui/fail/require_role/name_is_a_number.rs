#[auth_actix::require_role(1)]
async fn report() {}

fn main() {}
