#[auth_actix::require_scope(any("read:reports"))]
async fn report() {}

fn main() {}
