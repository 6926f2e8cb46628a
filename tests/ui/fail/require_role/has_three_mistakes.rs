#[auth_actix::require_role(any("", " admin", 1))]
async fn report() {}

fn main() {}
