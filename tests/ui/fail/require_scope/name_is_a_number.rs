#[auth_actix::require_scope(7)]
async fn report() {}

fn main() {}
