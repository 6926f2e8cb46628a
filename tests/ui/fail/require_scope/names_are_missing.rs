#[auth_actix::require_scope()]
async fn report() {}

fn main() {}
