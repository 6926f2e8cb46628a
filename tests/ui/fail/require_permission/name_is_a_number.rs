#[auth_actix::require_permission(7)]
async fn report() {}

fn main() {}
