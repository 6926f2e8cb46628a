#[auth_actix::require_permission("")]
async fn report() {}

fn main() {}
