#[auth_actix::require_role(any("admin"))]
async fn report() {}

fn main() {}
